import { RequestError } from '../../errors/index.ts';
import type { ImageConfig, ResolvedImage } from '../../images/types.ts';
import { features } from '../../launch/features.ts';
import { launch } from '../../launch/launch.ts';
import { sigkill } from '../../linux/signals.ts';
import type { MemberAnswer, NativeMember, NativeProcess } from '../../native/contract.ts';
import type { EncodedPlan } from '../../plan/encoded.ts';
import { explainFailure } from '../../plan/failure.ts';
import type { RunRequest } from '../../request/types.ts';
import { createContainer } from '../create.ts';
import { changesAtEnd } from '../end.ts';
import type { EndChanges } from '../ephemeral.ts';
import { pathsIn } from '../ready-trees.ts';
import type { ContainerRecord, StoredContainer } from '../record.ts';
import type { Runtime } from '../runtime.ts';
import { startContext } from '../start-context.ts';
import { MemberPlans } from './member-plans.ts';

/** A container that is made but for its application, and the orlop-init in it that waits. */
export interface Member {
  readonly container: StoredContainer;
  readonly image: ResolvedImage;
  readonly plans: MemberPlans;
  readonly native: NativeMember;
  readonly process: NativeProcess;
  /** Of the kernel; its two plans are executed with the same ones. */
  readonly features: number;
  /** What removes its container when an application has ended in it, and where that leaves the layer. */
  readonly atEnd: EndChanges;
  readonly trash: string | null;
}

/** The request of a container that waits: what it executes so far is orlop-init. */
export function waitingRequest(defaults: RunRequest): RunRequest {
  return { ...defaults, argv: ['orlop-init'], entrypoint: [], rm: true };
}

/**
 * Makes a member: container, read-write layer, volumes of the defaults, and a container init process that waits in it,
 * with all that needs no request.
 *
 * @param program descriptor of the file of orlop-init
 * @param paths that requests look up in the root filesystem, so that the kernel knows the way there; null where none
 *   was made yet
 * @throws RequestError, LaunchError as a start does
 */
export async function makeMember(
  runtime: Runtime,
  defaults: RunRequest,
  program: number,
  paths: readonly string[] | null,
): Promise<Member> {
  const created = await createContainer(runtime, waitingRequest(defaults), {
    durability: 'ephemeral',
    trees: false,
  });
  try {
    const container = await runtime.containers.claim(created);
    return await startWaiting(runtime, container, program, paths ?? pathsIn(container.record));
  } catch (error) {
    // What went wrong first is what the caller has to know; what is left behind, the next command finds.
    await remove(runtime, created).catch(() => {});
    throw error;
  }
}

async function startWaiting(
  runtime: Runtime,
  container: StoredContainer,
  program: number,
  paths: readonly string[],
): Promise<Member> {
  const { native } = runtime;
  const { image, context } = await startContext(runtime, container);
  const plans = new MemberPlans(container.record, image, context);
  const { prepare } = plans;
  const mask = features(native);
  const opened = native.openMember(prepare.bytes, mask, `${paths.join('\0')}\0`);
  const descriptors = [opened.descriptor, program];
  const { process } = await launch(native, { plan: plans.boot, descriptors }).catch((error) => {
    native.closeMember(opened.member);
    throw error;
  });
  try {
    const answer = await native.memberReady(opened.member, process);
    if (answer.failure !== null) throw explainFailure(prepare.plan, answer.failure);
    if (answer.gone) throw killed();
    const waiting = await runtime.containers.waits(container, process);
    return {
      container: waiting,
      image,
      plans,
      native: opened.member,
      process,
      features: mask,
      atEnd: changesAtEnd(runtime, waiting, true),
      trash: runtime.store.trashPlace(waiting.record.layer),
    };
  } catch (error) {
    await kill(runtime, process);
    throw error;
  }
}

const nothing: EndChanges = { changes: [], later: [] };

/**
 * What removes its container, as a list; nothing where that is no matter for a list.
 *
 * @param record as it is with its application
 */
export function removalOf(runtime: Runtime, member: Member, { layer, volumes }: ContainerRecord): EndChanges {
  if (volumes.some(({ anonymous }) => anonymous)) return nothing;
  // As it was found, while layers still go to the same place.
  if (runtime.store.trashPlace(layer) === member.trash) return member.atEnd;
  return changesAtEnd(runtime, member.container, true);
}

/** Ends a member that became no application, and removes its container. */
export async function dropMember(runtime: Runtime, member: Member): Promise<void> {
  runtime.native.closeMember(member.native);
  await kill(runtime, member.process);
  await remove(runtime, member.container);
}

/** Resolves when the member waits no longer. */
export function memberOver({ native }: Runtime, member: Member): Promise<void> {
  return native.memberOver(member.native);
}

async function kill({ native }: Runtime, process: NativeProcess): Promise<void> {
  native.kill(process, sigkill);
  await native.wait(process).catch(() => {});
}

function remove({ containers }: Runtime, { record }: StoredContainer): Promise<void> {
  return containers.remove(record.id, { force: true, volumes: true });
}

/** The image's configuration without what the member has already. */
export function remainingConfig(config: ImageConfig): ImageConfig {
  return { ...config, volumes: [] };
}

/** Whether the member ended without a word, which is no fault of the request. */
export class MemberGone extends Error {
  override readonly name = 'MemberGone';
}

/** @throws LaunchError, MemberGone */
export function requireDone(plan: EncodedPlan, answer: MemberAnswer): void {
  if (answer.failure !== null) throw explainFailure(plan.plan, answer.failure);
  if (answer.gone) throw new MemberGone();
}

export function killed(): RequestError {
  return new RequestError(
    'ORLOP_E_KERNEL',
    'the container init process was killed before it could execute the application',
    { hint: 'look for the out-of-memory killer in the kernel log' },
  );
}
