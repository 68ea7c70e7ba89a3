import type { RunOptions } from '../../request/types.ts';
import type { BufferRunInput, LinesRunInput, RunInput, Running, RunResult, Settled, StartOptions } from './starts.ts';

/** Options of a command in a running container; the defaults are those of its application. */
export interface ExecOptions extends Pick<RunOptions, 'env' | 'user' | 'workdir'> {}

/** A container in which commands can be executed while it runs. */
export interface Executing {
  /** Executes a command like the other `exec`, with its outputs as bytes. */
  exec<Reject extends boolean = true, All extends boolean = false>(
    argv: readonly string[],
    options: ExecOptions & BufferRunInput<Reject, All>,
  ): Promise<Settled<Reject, Buffer, All>>;
  /** Executes a command like the other `exec`, with its outputs as lines. */
  exec<Reject extends boolean = true, All extends boolean = false>(
    argv: readonly string[],
    options: ExecOptions & LinesRunInput<Reject, All>,
  ): Promise<Settled<Reject, string[], All>>;
  /** Executes a command like the other `exec`, and with `reject: false` gives an outcome also if it fails. */
  exec<Reject extends boolean = true, All extends boolean = false>(
    argv: readonly string[],
    options: ExecOptions & RunInput<Reject, All>,
  ): Promise<Settled<Reject, string, All>>;
  /**
   * Executes a command in the running container, whichever program started it, and collects its output: in the
   * namespaces and control groups of the container, with the restrictions, the user, the directory and the environment
   * of its application. The end of the container ends it, and so does the end of this program.
   *
   * @throws RequestError ORLOP_E_INPUT if the container does not run or is paused; ORLOP_E_NO_USER; as `Orlop.run` does
   * @throws LaunchError if the kernel refused, or the command cannot be executed
   * @example
   * const container = await orlop.create('host', ['sleep', '1000'], { rm: true });
   * await using running = await container.start();
   * const { stdout } = await container.exec(['sh', '-c', 'echo "$A in $PWD"'], { env: { A: '1' }, workdir: '/tmp' });
   * console.log(stdout.trim()); // → 1 in /tmp
   */
  exec(argv: readonly string[], options?: ExecOptions & RunInput): Promise<RunResult>;
  /** Executes a command like `exec`, and resolves when it begins: for streams, and for commands that stay. */
  startExec(argv: readonly string[], options?: ExecOptions & StartOptions): Promise<Running>;
}
