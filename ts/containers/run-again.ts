import { killedBefore, untilAborted } from '../launch/launch.ts';
import { inNextTurn } from '../launch/next-turn.ts';
import { now } from '../linux/clock.ts';
import type { LaunchResult } from '../native/contract.ts';
import { encodedAs } from '../plan/encoded.ts';
import type { RunRequest } from '../request/types.ts';
import { explainingNoSpace } from '../store/no-space.ts';
import { type ExitStatus, exitStatus } from '../supervise/exit.ts';
import { suppliesOf } from '../supervise/supplies.ts';
import { type Ended, seeToEnd } from './end.ts';
import { nameFor } from './names.ts';
import { reserve, setOwnEnd } from './own.ts';
import type { StoredContainer } from './record.ts';
import type { Runtime } from './runtime.ts';
import type { Started, StartRequest } from './start.ts';
import { isOutdated } from './start-again.ts';
import {
  forgetStarts,
  makeNextLike,
  place,
  planLike,
  recordLike,
  type StartTemplate,
  startTemplate,
  valuesFor,
} from './start-template.ts';

/** A run that has ended. */
export interface RunAgain extends Pick<Started, 'times' | 'laps'>, Ended {
  readonly plan: Pick<Started['plan'], 'plan'>;
  readonly id: string;
  readonly name: string;
}

type How = Pick<StartRequest, 'laps' | 'signal' | 'stdio'> & { readonly collect: number };

/** One that is on its way. */
interface Run {
  readonly runtime: Runtime;
  readonly like: StartTemplate;
  readonly how: How;
  readonly id: string;
  readonly name: string;
  readonly time: string;
  readonly token: object;
}

/**
 * Makes a container, runs it and removes it as a run of the same request before, without a look at anything: the list
 * that the launching thread begins with says what has to be as it was, and only what lies ready is taken.
 *
 * @returns null where it cannot; its promise resolves to null where something was not as it was, before any application
 * ran. The caller goes the long way then, which also finds out what is wrong
 */
export function runAgain(runtime: Runtime, request: RunRequest, how: How): Promise<RunAgain | null> | null {
  const like = startTemplate(runtime.store, request, { supplies: suppliesOf(how.stdio), collect: how.collect });
  if (like === null || !like.making) return null;
  if (runtime.store.trashPlace(place) !== like.trash || process.getuid?.() !== 0) return null;
  const id = runtime.layers.takeOnly(like.shelf, (id) => runtime.trees.fits(id, like.kind));
  if (id === null) return null;
  const given = takeAhead(runtime, like, id);
  if (given === null) {
    runtime.layers.giveBack(id);
    return null;
  }
  reserve(id);
  const [name, time] = [nameFor(id), now()];
  const run: Run = { runtime, like, how, id, name, time, token: {} };
  how.laps.lap('again', 'as a run of the same before');
  how.laps.start();
  const launched = runtime.native.launchLike(like.native, valuesFor(id, name, time), given, run.token);
  inNextTurn(() => makeNextLike(runtime, like, run.token), undefined);
  const ended = follow(run, launched);
  setOwnEnd(id, statusOf(ended));
  return ended;
}

/** Descriptors of what lies ready; null where something is missing. */
function takeAhead(
  { networks, trees }: Runtime,
  { network, trees: names }: StartTemplate,
  id: string,
): number[] | null {
  if (!trees.shows(id, names)) return null;
  const taken = network ? networks.take() : null;
  if (network && taken === null) return null;
  return [...(taken === null ? [] : [taken]), ...(trees.take(id)?.descriptors ?? [])];
}

async function follow(run: Run, launching: Promise<LaunchResult>): Promise<RunAgain | null> {
  const { runtime, id, how } = run;
  const { native, layers } = runtime;
  const { signal, laps } = how;
  try {
    const result = await untilAborted(native, launching, { signal, token: run.token });
    if (result.failure !== null) return await notAgain(run);
    if (result.process === null) throw killedBefore(result, signal);
    laps.launched(result.times, true);
    return { ...(await endOf(run, result)), times: result.times, laps, plan: planOf(run), id, name: run.name };
  } catch (error) {
    if (isOutdated(error)) return await notAgain(run);
    await clearAway(run);
    return await explainingNoSpace(runtime.store)(error);
  } finally {
    layers.placed(id);
  }
}

async function notAgain(run: Run): Promise<null> {
  forgetStarts(run.like.container.record.request);
  run.how.laps.lap('refused', 'something is not as it was');
  await clearAway(run);
  return null;
}

/** What was made, as far as it was; what is left behind, the next command finds. */
async function clearAway({ runtime, id }: Run): Promise<void> {
  await runtime.containers.undo(id).catch(() => {});
  runtime.containers.gone(id);
}

async function endOf(run: Run, { process, ended }: LaunchResult): Promise<Ended> {
  const { runtime, id } = run;
  // Asked for with the launch.
  if (process === null || ended === null) throw new Error('nobody sees to the end of an application');
  let end: Awaited<typeof ended>;
  try {
    end = await ended;
    if (end.failure === null) {
      runtime.containers.gone(id);
      return { ...end, status: exitStatus(end.exit) };
    }
  } catch {
    // It is told by the same promise again.
  }
  const { pid, startTime } = process;
  return seeToEnd(runtime, containerOf(run, { pid, startTime }), { rm: true, listed: false, finished: ended });
}

/** As the launching thread has recorded it. */
function containerOf(run: Run, application: { pid: number; startTime: string | null }): StoredContainer {
  const { like, id, name, time } = run;
  const { state } = like.container;
  const running = { ...state, ...application, status: 'running', startedAt: time } as const;
  return { record: recordLike(like, id, name, time), state: running, durability: 'ephemeral' };
}

function planOf({ like, id, name, time }: Run): RunAgain['plan'] {
  return encodedAs(new Uint8Array(), () => planLike(like, recordLike(like, id, name, time)));
}

async function statusOf(ended: Promise<RunAgain | null>): Promise<ExitStatus> {
  const end = await ended;
  if (end === null) throw new Error('the container was not started');
  return end.status;
}
