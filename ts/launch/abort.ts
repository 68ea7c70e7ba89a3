import { RequestError } from '../errors/index.ts';

/** The longest delay of a timer of Node, ms; it takes a longer one for 1 ms. */
export const maxDelayMs = 2 ** 31 - 1;

/** @throws RequestError ORLOP_E_ABORTED when the signal has fired */
export function rejectAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw aborted(signal);
}

/** Makes the error of a start that the signal ended. */
export function aborted(signal: AbortSignal): RequestError {
  return new RequestError('ORLOP_E_ABORTED', 'the start was ended by its AbortSignal', { cause: signal.reason });
}

/**
 * Waits for work that may never end.
 *
 * @param onAbort is called when the signal fires, and calls `giveUp` to end the wait
 * @throws RequestError ORLOP_E_ABORTED after `giveUp`
 */
export function unlessAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  onAbort: (giveUp: () => void) => void = (giveUp) => giveUp(),
): Promise<Result> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => onAbort(() => reject(aborted(signal)));
    const settle = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject);
    work.then(settle, settle);
  });
}

/**
 * Limit of the wait for what was killed, in ms: a child in a request to a FUSE server dies only when the server answers.
 */
const abandonAfterMs = 1000;

/**
 * Waits for the work of a process. When the signal fires, kills the process, and gives the work up if it does not end of
 * that.
 *
 * @throws RequestError ORLOP_E_ABORTED after `abandon`
 */
export async function unlessKilled<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  { kill, abandon = () => {} }: { readonly kill: () => void; readonly abandon?: () => void },
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await unlessAborted(work, signal, (giveUp) => {
      kill();
      timer = setTimeout(() => {
        abandon();
        giveUp();
      }, abandonAfterMs);
    });
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}
