import { type CreatedContainer, createContainer } from '../containers/create.ts';
import { explainLimit, type Lent, lend, orGiveBack, takeBack } from '../containers/lent.ts';
import { storedOwn } from '../containers/own.ts';
import type { PreparedContainer } from '../containers/prepare.ts';
import type { Runtime } from '../containers/runtime.ts';
import { RequestError } from '../errors/index.ts';
import { launch } from '../launch/launch.ts';
import { type PreparedForm, prepareForm } from '../launch/prepared-start.ts';
import { sigkill } from '../linux/signals.ts';
import type { NativeProcess, NativeWaiting } from '../native/contract.ts';
import { explainFailure } from '../plan/failure.ts';
import { inForm } from '../plan/form.ts';
import type { Values } from '../plan/holes.ts';
import { buildWaiting, type WaitingPlans } from '../plan/waiting.ts';
import type { StoredContainer } from '../record/schema.ts';
import type { RunRequest } from '../request/types.ts';

/** A container without an application, in which orlop-init waits. */
export interface WaitingContainer {
  readonly container: StoredContainer;
  readonly kind: WaitingKind;
  readonly values: Values;
  readonly native: NativeWaiting;
  readonly process: NativeProcess;
  readonly lent: Lent;
}

/** Common part of a pool's waiting containers, valid as long as their prepared container is. */
export interface WaitingKind {
  readonly prepared: PreparedContainer;
  readonly plans: WaitingPlans;
  /** Launch of orlop-init. */
  readonly boot: PreparedForm;
  /** Operations of orlop-init before it waits. */
  readonly prepare: PreparedForm;
}

/** The request of a waiting container, whose command is orlop-init. */
export function waitingRequest(defaults: RunRequest): RunRequest {
  return { ...defaults, argv: ['orlop-init'], env: [], entrypoint: [], rm: true };
}

const kinds = new WeakMap<PreparedContainer, WaitingKind>();

function kindOf({ native }: Runtime, prepared: PreparedContainer): WaitingKind {
  const known = kinds.get(prepared);
  if (known !== undefined) return known;
  const { start, resolved } = prepared;
  const plans = buildWaiting(inForm(start.facts, { strategy: 'opener', network: false, mounts: null }));
  const checks = resolved.startChecks;
  const kind = {
    prepared,
    plans,
    boot: prepareForm(native, plans.boot, { checks }),
    prepare: prepareForm(native, plans.prepare, {}),
  };
  kinds.set(prepared, kind);
  return kind;
}

/**
 * Makes a waiting container: its record, read-write layer, volumes of the defaults, and a container init process that
 * has done all that needs no request.
 *
 * @param program descriptor of the file of orlop-init
 * @param paths to look up in the root filesystem, so that the kernel has them cached when a request comes
 * @throws RequestError, LaunchError as a start does
 */
export async function makeWaiting(
  runtime: Runtime,
  defaults: RunRequest,
  program: number,
  paths: readonly string[],
): Promise<WaitingContainer> {
  const created = await createContainer(runtime, waitingRequest(defaults), {
    durability: 'ephemeral',
    unmounted: true,
  });
  try {
    const claimed = await runtime.containers.claim(created);
    return await startWaiting(runtime, { ...created, ...claimed }, program, paths);
  } catch (error) {
    // The caller gets the first error. The next command removes what is left.
    await remove(runtime, created).catch(() => {});
    throw error;
  }
}

async function startWaiting(
  runtime: Runtime,
  container: CreatedContainer,
  program: number,
  paths: readonly string[],
): Promise<WaitingContainer> {
  const { native, containers } = runtime;
  const kind = kindOf(runtime, container.prepared);
  const { values } = storedOwn(container);
  const { limits } = container.record.request;
  const lent = await lend(runtime, {
    userNamespace: null,
    limits,
    deviceRules: kind.plans.facts.deviceRules,
    mayHang: false,
  });
  const { limited } = lent;
  const open = () => native.openWaiting(kind.prepare.native, { values, paths: `${paths.join('\0')}\0` });
  const opened = orGiveBack(open, () => takeBack(runtime, lent));
  const descriptors = [opened.descriptor, program];
  const group = limited?.group.forLaunch(limited.settings);
  const launching = launch(native, kind.boot, { values, descriptors, group });
  limited?.group.launched();
  const { process } = await launching.catch((error) => {
    native.closeWaiting(opened.waiting);
    takeBack(runtime, lent);
    throw explainLimit(error, lent);
  });
  try {
    const answer = await native.waitingReady(opened.waiting, process);
    if (answer.failure !== null) throw explainFailure(kind.prepare.planOf(values), answer.failure);
    if (answer.gone) throw killed();
    const waiting = await containers.waits(container, process);
    return { container: waiting, kind, values, native: opened.waiting, process, lent };
  } catch (error) {
    await kill(runtime, process);
    takeBack(runtime, lent);
    throw error;
  }
}

/** Kills and removes a container that became no application. */
export async function dropWaiting(runtime: Runtime, waiting: WaitingContainer): Promise<void> {
  runtime.native.closeWaiting(waiting.native);
  await kill(runtime, waiting.process);
  takeBack(runtime, waiting.lent);
  await remove(runtime, waiting.container);
}

async function kill({ native }: Runtime, process: NativeProcess): Promise<void> {
  native.kill(process, sigkill);
  await native.wait(process).catch(() => {});
}

function remove({ containers }: Runtime, { record }: StoredContainer): Promise<void> {
  return containers.remove(record.id, { force: true, volumes: true });
}

export function killed(): RequestError {
  return new RequestError(
    'ORLOP_E_KERNEL',
    'the container init process was killed before it could execute the application',
    { hint: 'look for the out-of-memory killer in the kernel log' },
  );
}
