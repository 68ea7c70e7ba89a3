import { RequestError } from '../errors/index.ts';
import type { Finished, LaunchOptions, LaunchResult, Native, NativeProcess } from '../native/contract.ts';
import { explainFailure } from '../plan/failure.ts';
import type { Plan } from '../plan/types.ts';
import { aborted, rejectAborted, unlessAborted } from './abort.ts';
import type { PreparedForm } from './prepared-start.ts';

/** What one launch of a prepared start has of its own. */
export interface LaunchRequest extends LaunchOptions {
  /** Ends a start that hangs, on a network file system for example. */
  readonly signal?: AbortSignal | undefined;
  /** By which others name this launch; default: one that no other has. */
  readonly token?: object | undefined;
}

/** A started container init process that has become the application. */
export interface Launched {
  readonly process: NativeProcess;
  readonly times: LaunchResult['times'];
  /** The caller's ends of pipes, in the order in which the launch was to open them. */
  readonly pipes: readonly number[];
  /** Null unless the launch was told to follow the application to its end. */
  readonly ended: Promise<Finished> | null;
  /** The plan that was executed. */
  readonly plan: () => Plan;
}

/**
 * How long a child that was killed is waited for, ms. One that waits for a file system in user space, whose server has
 * taken its request, dies when that answers; it executes nothing more.
 */
const abandonAfterMs = 1000;

/**
 * Clones the container init process, which executes the plan and becomes the application.
 *
 * @throws LaunchError when the kernel refused an operation or the application could not be executed
 * @throws RequestError ORLOP_E_ABORTED when `signal` ended it first
 * @throws the system error of a check or a change of the prepared start
 */
export async function launch(
  native: Native,
  form: PreparedForm,
  { signal, token = {}, ...options }: LaunchRequest,
): Promise<Launched> {
  if (signal?.aborted) for (const descriptor of options.taken ?? []) native.closeSync(descriptor);
  rejectAborted(signal);
  const { values, command } = options;
  const result = await untilAborted(native, native.launch(form.native, options, token), { signal, token });
  const plan = () => form.planOf(values, command);
  if (result.failure !== null) throw explainFailure(plan(), result.failure);
  if (result.process === null) throw killedBefore(result, signal);
  const { process, times, pipes = [], ended } = result;
  return { process, times, pipes, ended, plan };
}

/** What is wrong where neither the kernel has refused anything nor the application runs. */
function killedBefore(result: LaunchResult, signal: AbortSignal | undefined): RequestError {
  if (signal?.aborted === true) return aborted(signal);
  return new RequestError(
    'ORLOP_E_KERNEL',
    `the container init process was killed before it could execute the application (${ending(result)})`,
    { hint: 'look for the out-of-memory killer in the kernel log' },
  );
}

/** Waits for a launch; when the signal fires, kills it, and gives it up where it does not die of that. */
async function untilAborted(
  native: Native,
  launched: Promise<LaunchResult>,
  { signal, token }: { readonly signal: AbortSignal | undefined; readonly token: object },
): Promise<LaunchResult> {
  let timer: NodeJS.Timeout | undefined;
  const abandon = () => {
    native.abandon(token);
    const close = ({ pipes = [] }: LaunchResult) => {
      for (const pipe of pipes) native.closeSync(pipe);
    };
    launched.then(close, () => {});
  };
  try {
    return await unlessAborted(launched, signal, (giveUp) => {
      native.cancel(token);
      timer = setTimeout(() => {
        abandon();
        giveUp();
      }, abandonAfterMs);
    });
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}

function ending(result: LaunchResult): string {
  const { died } = result;
  if (died === null) return 'no exit status';
  return died.signal === null ? `exit status ${died.code}` : `signal ${died.signal}`;
}
