import { setTimeout as delay } from 'node:timers/promises';
import { RequestError } from '../errors/index.ts';
import { ownExit } from '../record/claims.ts';
import { noContainer } from '../record/container-store.ts';
import { applicationOf, runningApplication } from '../record/files.ts';
import type { ContainerRecord, StoredContainer } from '../record/schema.ts';
import { asWaiter } from '../record/waiters.ts';
import type { ExitStatus } from '../supervise/exit.ts';
import type { Runtime } from './runtime.ts';

/**
 * Waits for the exit of a container that this or another program started.
 *
 * @throws RequestError ORLOP_E_INPUT when it was never started
 */
export async function waitContainer(runtime: Runtime, container: StoredContainer): Promise<ExitStatus> {
  const { record } = container;
  const own = ownExit(record.id);
  if (own !== undefined) return own;
  return asWaiter(runtime.store, record.id, () => untilExited(runtime, record));
}

async function untilExited({ containers, native }: Runtime, { id, name }: ContainerRecord): Promise<ExitStatus> {
  let ran = false;
  for (let now = await containers.get(id); now !== null; now = await containers.get(id)) {
    const { state } = now;
    if (state.status === 'exited') {
      return { exitCode: state.exitCode ?? 255, signal: state.signal as NodeJS.Signals | null };
    }
    if (state.status === 'created') {
      throw new RequestError('ORLOP_E_INPUT', `container '${name}' has not been started`, {
        hint: `start it: orlop start -a ${name}`,
      });
    }
    ran = true;
    const application = applicationOf(state);
    if (application !== null) await native.waitOther(application.pid, application.startTime);
    // The container's owner records the exit in a moment.
    await delay(2);
  }
  if (!ran) throw noContainer(name);
  // The container was removed just when the wait began.
  return { exitCode: 255, signal: null };
}

/** Sends a signal to the application of a running container. */
export async function killContainer(
  runtime: Runtime,
  { record, state }: StoredContainer,
  signal: number,
): Promise<void> {
  const application = runningApplication(state);
  const sent = application !== null && runtime.native.killOther(application.pid, application.startTime, signal);
  if (sent) return;
  throw new RequestError('ORLOP_E_INPUT', `container '${record.name}' does not run`, { hint: `see 'orlop ps -a'` });
}
