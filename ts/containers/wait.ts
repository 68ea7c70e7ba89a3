import { RequestError } from '../errors/index.ts';
import { type ExitStatus, signalNumber } from '../supervise/exit.ts';
import { applicationOf } from './directory.ts';
import { ownEnd } from './own.ts';
import type { StoredContainer } from './record.ts';
import type { Runtime } from './runtime.ts';

/**
 * Waits for the end of a container that any program started.
 *
 * @throws RequestError ORLOP_E_INPUT when it was never started
 */
export async function waitContainer(runtime: Runtime, container: StoredContainer): Promise<ExitStatus> {
  const { record } = container;
  const own = ownEnd(record.id);
  if (own !== undefined) return own;
  for (let now: StoredContainer | null = container; now !== null; now = await runtime.containers.get(record.id)) {
    const { state } = now;
    if (state.status === 'created') {
      throw new RequestError('ORLOP_E_INPUT', `container '${record.name}' has not been started`, {
        hint: `start it: orlop start -a ${record.name}`,
      });
    }
    if (state.status === 'exited') {
      return { exitCode: state.exitCode ?? 255, signal: state.signal as NodeJS.Signals | null };
    }
    const application = applicationOf(state);
    if (application !== null) await runtime.native.waitOther(application.pid, application.startTime);
    // Its owner records the end in a moment.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { exitCode: 255, signal: null };
}

/** Sends a signal to the application of a running container. */
export async function killContainer(
  runtime: Runtime,
  { record, state }: StoredContainer,
  signal: NodeJS.Signals | number,
): Promise<void> {
  const number = signalNumber(signal);
  if (number === undefined) throw new RequestError('ORLOP_E_INPUT', `there is no signal '${signal}'`);
  const application = applicationOf(state);
  const sent = application !== null && runtime.native.killOther(application.pid, application.startTime, number);
  if (sent) return;
  throw new RequestError('ORLOP_E_INPUT', `container '${record.name}' does not run`, { hint: `see 'orlop ps -a'` });
}
