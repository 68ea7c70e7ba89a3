import { RequestError } from '../errors/index.ts';
import type { Finished, LaunchOptions, LaunchResult, Native, NativeProcess } from '../native/contract.ts';
import type { EncodedPlan } from '../plan/encoded.ts';
import { explainFailure } from '../plan/failure.ts';
import { aborted, rejectAborted, unlessAborted } from './abort.ts';
import { features } from './features.ts';

export interface LaunchRequest {
  readonly plan: EncodedPlan;
  /** For the plan's supplied slots, in their order; descriptors stay the caller's. */
  readonly descriptors: readonly number[];
  /** Descriptors for the slots after these; the launch's from now on, whatever comes of it. */
  readonly given?: LaunchOptions['given'];
  /** What follows the end of the application. */
  readonly finish?: LaunchOptions['finish'];
  /** Changes that the launching thread makes before the clone. */
  readonly before?: LaunchOptions['before'] | undefined;
  /** Record that it writes as soon as the application runs. */
  readonly record?: LaunchOptions['record'] | undefined;
  /** Ends a start that hangs, on a network file system for example. */
  readonly signal?: AbortSignal | undefined;
  /** By which others name this launch; default: one that nobody has. */
  readonly token?: object | undefined;
}

/** A started container init process that has become the application. */
export interface Launched {
  readonly process: NativeProcess;
  readonly times: LaunchResult['times'];
}

/** One that the launcher has started. */
export interface LaunchedHere extends Launched {
  /** The caller's ends of pipes, in the order in which the launch was to open them. */
  readonly pipes: readonly number[];
  /** Null unless the launch was told what follows the end. */
  readonly ended: Promise<Finished> | null;
}

/**
 * How long a child that was killed is waited for, ms. One that waits for a file system in user space, whose server has
 * taken its request, dies when that answers; it executes nothing more.
 */
const patience = 1000;

/**
 * Clones the container init process, which executes the plan and becomes the application.
 *
 * @throws LaunchError when the kernel refused an operation or the application could not be executed
 * @throws RequestError ORLOP_E_ABORTED when `signal` ended it first
 */
export async function launch(native: Native, request: LaunchRequest): Promise<LaunchedHere> {
  const { plan, descriptors, given = [], before, record, finish, signal, token = {} } = request;
  if (signal?.aborted) for (const descriptor of given) native.closeSync(descriptor);
  rejectAborted(signal);
  const options = { descriptors, given, features: features(native), before, record, finish };
  const result = await untilAborted(native, native.launch(plan.bytes, options, token), { signal, token });
  if (result.failure !== null) throw explainFailure(plan.plan, result.failure);
  if (result.process === null) throw killedBefore(result, signal);
  const { process, times, pipes = [], ended } = result;
  return { process, times, pipes, ended };
}

/** What is wrong where neither the kernel has refused anything nor the application runs. */
export function killedBefore(result: LaunchResult, signal: AbortSignal | undefined): RequestError {
  if (signal?.aborted === true) return aborted(signal);
  return new RequestError(
    'ORLOP_E_KERNEL',
    `the container init process was killed before it could execute the application (${ending(result)})`,
    { hint: 'look for the out-of-memory killer in the kernel log' },
  );
}

/** Waits for a launch; when the signal fires, kills it, and gives it up where it does not die of that. */
export async function untilAborted(
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
      }, patience);
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
