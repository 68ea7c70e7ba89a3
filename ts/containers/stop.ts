import { maxDelayMs } from '../launch/abort.ts';
import { sigkill, signalNumber } from '../linux/signals.ts';
import { runningApplication } from '../record/files.ts';
import { ignoreGone } from '../record/gone.ts';
import type { StoredContainer } from '../record/schema.ts';
import type { Runtime } from './runtime.ts';
import { waitContainer } from './wait.ts';

/** SIGTERM, the same number on every architecture. */
const sigterm = 15;

/** Seconds until a stopped container is killed, as Docker's. */
const defaultTimeout = 10;

/** What a stop does otherwise than the container's request says. */
export interface StopRequest {
  /** Number of the signal. */
  readonly signal: number | undefined;
  /** Seconds until SIGKILL, -1 for never. */
  readonly timeout: number | undefined;
}

/**
 * Sends the stop signal, and SIGKILL if the application has not exited after the time-out. Returns when its exit is
 * recorded. A container that does not run is left as it is.
 */
export async function stopContainer(runtime: Runtime, container: StoredContainer, request: StopRequest): Promise<void> {
  const application = runningApplication(container.state);
  if (application === null) return;
  const signal = request.signal ?? (await stopSignal(runtime, container));
  const timeout = request.timeout ?? container.record.request.stopTimeout ?? defaultTimeout;
  const { pid, startTime } = application;
  const send = (number: number) => runtime.native.killOther(pid, startTime, number);
  send(signal);
  let timer: NodeJS.Timeout | undefined;
  const killIn = (ms: number) => {
    const act = () => (ms > maxDelayMs ? killIn(ms - maxDelayMs) : send(sigkill));
    timer = setTimeout(act, Math.min(ms, maxDelayMs));
  };
  if (timeout >= 0) killIn(timeout * 1000);
  try {
    await runtime.native.waitOther(pid, startTime);
  } finally {
    clearTimeout(timer);
  }
  // With `rm` its owner may have removed it already.
  await waitContainer(runtime, container).catch(ignoreGone);
}

/** The signal of the request, or of the image, or SIGTERM. An image may name one that there is not. */
async function stopSignal({ images }: Runtime, { record }: StoredContainer): Promise<number> {
  const own = record.request.stopSignal ?? null;
  if (own !== null) return own;
  const { value } = await images.resolve(record.image.id);
  return signalNumber(value.config.stopSignal) ?? sigterm;
}
