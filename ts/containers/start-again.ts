import { rejectAborted } from '../launch/abort.ts';
import { killedBefore, type LaunchedHere, untilAborted } from '../launch/launch.ts';
import { now } from '../linux/clock.ts';
import { type EncodedPlan, encodedAs } from '../plan/encoded.ts';
import { explainFailure } from '../plan/failure.ts';
import { startedState } from './ephemeral.ts';
import type { StartContext } from './facts.ts';
import type { ContainerState, StoredContainer } from './record.ts';
import type { Runtime } from './runtime.ts';
import { isSameRecord, isSameSources } from './same-start.ts';
import type { StartRequest } from './start.ts';
import { planLike, type StartTemplate, startTemplate, valuesFor } from './start-template.ts';

/** What a start has at hand. */
export interface AtHand extends Pick<StartContext, 'networkReady' | 'treesReady'> {
  /** Of what lay ready. */
  readonly descriptors: readonly number[];
  /** Its standard streams. */
  readonly supplies: readonly number[];
}

/**
 * The start that this one can go by: of another container of the same request, which was made by this program and found
 * the same image and the same sources. Null where there is none.
 */
export function startBefore(
  { store }: Runtime,
  { record, found, pending }: StoredContainer,
  { rm, collect }: Pick<StartRequest, 'rm' | 'collect'>,
  { supplies, networkReady, treesReady }: AtHand,
): StartTemplate | null {
  // What is left to the launching thread is made by `runAgain`.
  if (!rm || found === undefined || pending !== undefined || treesReady === undefined) return null;
  const like = startTemplate(store, record.request, { supplies, collect });
  if (like === null || like.making || like.network !== networkReady || like.image !== found.image) return null;
  const same = treesReady.join() === like.trees?.join() && isSameSources(found.sources, like.context.sources);
  return same && isSameRecord(record, like.container.record) ? like : null;
}

/** An application that was launched so. */
export interface StartedAgain extends LaunchedHere {
  readonly plan: EncodedPlan;
  readonly state: ContainerState;
}

/**
 * Launches it as the one before. Throws as `launch` does, and the error of a call (`stat`) where a file that was read is
 * no longer the same.
 */
export async function startAgain(
  { native }: Runtime,
  { record, state }: StoredContainer,
  { signal }: Pick<StartRequest, 'signal'>,
  like: StartTemplate,
  { descriptors, token }: { readonly descriptors: readonly number[]; readonly token: object },
): Promise<StartedAgain> {
  if (signal?.aborted) for (const descriptor of descriptors) native.closeSync(descriptor);
  rejectAborted(signal);
  const plan = encodedAs(new Uint8Array(), () => planLike(like, record));
  const time = now();
  const launched = native.launchLike(like.native, valuesFor(record.id, record.name, time), descriptors, token);
  const result = await untilAborted(native, launched, { signal, token });
  if (result.failure !== null) throw explainFailure(plan.plan, result.failure);
  if (result.process === null) throw killedBefore(result, signal);
  const { process, times, pipes = [], ended } = result;
  const { pid, startTime } = process;
  return { process, times, pipes, ended, plan, state: { ...startedState(state, time), pid, startTime } };
}

/** The list has found something else than there was, or somebody who is changing it. No application ran. */
export function isOutdated(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && (error.syscall === 'stat' || error.syscall === 'flock');
}
