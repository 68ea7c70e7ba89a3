import type { RunOptions } from '../../request/types.ts';
import type { BufferRunInput, LinesRunInput, RunInput, Running, RunResult, Settled, StartOptions } from './starts.ts';

/** Options of a request to a pool. All other options were fixed when the pool was opened. */
export interface PoolRequest extends Pick<RunOptions, 'env' | 'user' | 'workdir' | 'volumes'> {}

/** Number of waiting containers, and the options of every container in the pool. A request can add to them. */
export interface PoolOptions extends Omit<RunOptions, 'name' | 'rm'> {
  /** Number of waiting containers, 1 to 1000. Each costs a sleeping process, its mounts, and a read-write layer. */
  readonly size: number;
}

/** State of a pool. */
export interface PoolStats {
  /** Target number of waiting containers. */
  readonly size: number;
  /** Containers that wait for an application. */
  readonly ready: number;
  /** Containers that are being made. */
  readonly making: number;
  /** Requests that wait for a container. */
  readonly waiting: number;
  /** Applications that run. */
  readonly running: number;
  /** Applications started since the pool was opened. */
  readonly started: number;
}

/**
 * Prestarted containers: cloned, mounted, and waiting for their application. A request brings command, environment,
 * user, working directory, volumes and streams. Each container runs one application and is removed at its exit. The
 * pool refills in the background. It does not keep the program alive, and ends with it.
 *
 * @example
 * await using pool = await orlop.pool('host', { size: 2, readOnly: true, tmpfs: ['/work'], workdir: '/work' });
 * const sum = await pool.run(['sh', '-c', 'echo $((A + 1))'], { env: { A: '41' }, timeout: 5000 });
 * console.log(sum.stdout.trim()); // → 42
 */
export interface Pool extends AsyncDisposable {
  /** Image that the pool was opened with. */
  readonly image: string;
  /** State at the time of access. */
  readonly stats: PoolStats;
  /** Runs a command like the other `run`, with its outputs as bytes. */
  run<Reject extends boolean = true, All extends boolean = false>(
    argv: readonly string[] | undefined,
    options: PoolRequest & BufferRunInput<Reject, All>,
  ): Promise<Settled<Reject, Buffer, All>>;
  /** Runs a command like the other `run`, with its outputs as lines. */
  run<Reject extends boolean = true, All extends boolean = false>(
    argv: readonly string[] | undefined,
    options: PoolRequest & LinesRunInput<Reject, All>,
  ): Promise<Settled<Reject, string[], All>>;
  /** Runs a command like the other `run`, and with `reject: false` gives an outcome also if it fails. */
  run<Reject extends boolean = true, All extends boolean = false>(
    argv: readonly string[] | undefined,
    options: PoolRequest & RunInput<Reject, All>,
  ): Promise<Settled<Reject, string, All>>;
  /**
   * Runs a command until its exit and collects its output, like `Orlop.run`.
   *
   * @throws RequestError ORLOP_E_CLOSED after `close`; ORLOP_E_INPUT for an option that was fixed; and as `Orlop.run`
   * @throws LaunchError if the kernel refused the start
   */
  run(argv?: readonly string[], options?: PoolRequest & RunInput): Promise<RunResult>;
  /**
   * Starts an application, like `Container.start`. The container is removed at its exit.
   *
   * @throws RequestError, LaunchError like `run`
   */
  start(argv?: readonly string[], options?: PoolRequest & StartOptions): Promise<Running>;
  /** Removes the waiting containers and refuses waiting requests (ORLOP_E_CLOSED). Running applications continue. */
  close(): Promise<void>;
}
