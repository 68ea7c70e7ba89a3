import { LaunchError, RequestError } from '../errors/index.ts';
import type { LaunchOptions, LaunchResult, Native, NativeExit, NativeProcess } from '../native/contract.ts';
import { explainFailure } from '../plan/failure.ts';
import type { Plan } from '../plan/types.ts';
import { aborted, rejectAborted, unlessKilled } from './abort.ts';
import { type PreparedForm, requireRoom } from './prepared-start.ts';

/** One launch of a prepared start. */
export interface LaunchRequest extends LaunchOptions {
  /** Ends a start that hangs, on a network file system for example. */
  readonly signal?: AbortSignal | undefined;
  /** Identity of the launch, to cancel it or to wait for it. Default: a new one. */
  readonly token?: object | undefined;
}

/** A started container init process that has become the application. */
export interface Launched {
  readonly process: NativeProcess;
  readonly times: LaunchResult['times'];
  /** The caller's ends of pipes, in the order of the descriptors that ask for them. */
  readonly pipes: readonly number[];
  /** Exit of the application; null without `onExit`. */
  readonly ended: Promise<NativeExit> | null;
  /** The plan that was executed. */
  readonly plan: () => Plan;
}

/**
 * Clones the container init process, which executes the plan and becomes the application.
 *
 * @throws LaunchError when the kernel refused the namespaces or an operation, or the application could not be executed
 * @throws RequestError ORLOP_E_ABORTED when `signal` ended it first
 * @throws the system error of a check or a change of the prepared start
 */
export async function launch(
  native: Native,
  form: PreparedForm,
  { signal, token = {}, ...options }: LaunchRequest,
): Promise<Launched> {
  const { values, command } = options;
  try {
    rejectAborted(signal);
    requireRoom(form, command);
  } catch (error) {
    for (const descriptor of options.taken ?? []) native.closeSync(descriptor);
    throw error;
  }
  const launching = native.launch(form.native, options, token).catch(explainClone);
  const kill = () => native.cancel(token);
  const abandon = () => {
    native.abandon(token);
    closePipes(native, launching);
  };
  const result = await unlessKilled(launching, signal, { kill, abandon });
  const plan = () => form.planOf(values, command);
  if (result.failure !== null) throw explainFailure(plan(), result.failure);
  if (result.process === null) throw killedBefore(result, signal);
  const { process, times, pipes = [], ended } = result;
  return { process, times, pipes, ended, plan };
}

/** Closes the pipes of a start that nobody waits for. */
export function closePipes(native: Native, starting: Promise<Pick<LaunchResult, 'pipes'>>): void {
  const close = ({ pipes = [] }: Pick<LaunchResult, 'pipes'>) => {
    for (const pipe of pipes) native.closeSync(pipe);
  };
  starting.then(close, () => {});
}

const cloneHints: Readonly<Record<string, string>> = {
  EPERM: `a container takes root with CAP_SYS_ADMIN, and no outer filter of clone: 'orlop doctor' says what is missing`,
  EACCES: `the control group of the container is not the caller's to enter: call orlop in the same session, or as root`,
  EAGAIN: `a limit of processes is met: 'ulimit -u', or pids.max of a cgroup`,
};

/** Makes a refusal of a clone an error of the start. */
function explainClone(error: unknown): never {
  const { code, syscall, errno = 0, message } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall !== 'clone') throw error;
  const facts = { code, errno: Math.abs(errno), syscall, step: 'namespaces', hint: cloneHints[code], exitCode: 125 };
  throw new LaunchError(message, facts);
}

/** Makes the error of a start that no operation refused, but whose application does not run. */
function killedBefore(result: LaunchResult, signal: AbortSignal | undefined): RequestError {
  if (signal?.aborted === true) return aborted(signal);
  return new RequestError(
    'ORLOP_E_KERNEL',
    `the container init process was killed before it could execute the application (${describeExit(result)})`,
    { hint: 'look for the out-of-memory killer in the kernel log' },
  );
}

function describeExit(result: LaunchResult): string {
  const { died } = result;
  if (died === null) return 'no exit status';
  return died.signal === null ? `exit status ${died.code}` : `signal ${died.signal}`;
}
