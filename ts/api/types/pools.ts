import type { RunOptions } from '../../request/types.ts';
import type { RunInput, Running, RunResult, StartOptions } from './starts.ts';

/** What a request to a pool may ask for itself; all else was fixed when its members were made. */
export interface PoolRequest extends Pick<RunOptions, 'env' | 'user' | 'workdir' | 'volumes'> {}

/** `size`, and what all its members have; a request adds to it. */
export interface PoolOptions extends Omit<RunOptions, 'name' | 'rm'> {
  /** Members that wait, 1 to 1000. Each costs a process that sleeps, its mounts, and a read-write layer. */
  readonly size: number;
}

/** What a pool is doing. */
export interface PoolStats {
  /** Members that shall wait. */
  readonly size: number;
  /** Members that wait for an application. */
  readonly ready: number;
  /** Members that are being made. */
  readonly making: number;
  /** Requests that wait for a member. */
  readonly waiting: number;
  /** Applications that run. */
  readonly running: number;
  /** Applications that were started, ever. */
  readonly started: number;
}

/**
 * Containers that are made ahead: cloned, mounted, and waiting for their application. A request brings command,
 * environment, user, working directory, volumes and streams. Each member runs one application and is removed with it;
 * the pool fills itself up again in the background. It keeps no program alive, and goes with it.
 *
 * @example
 * await using pool = await orlop.pool('host', { size: 2, readOnly: true, tmpfs: ['/work'], workdir: '/work' });
 * const sum = await pool.run(['sh', '-c', 'echo $((A + 1))'], { env: { A: '41' }, timeout: 5000 });
 * console.log(sum.stdout.trim()); // → 42
 */
export interface Pool extends AsyncDisposable {
  /** As it was asked for. */
  readonly image: string;
  /** What it is doing now. */
  readonly stats: PoolStats;
  /**
   * Runs a command to its end and collects its output, as `Orlop.run`.
   *
   * @throws RequestError ORLOP_E_CLOSED after `close`; ORLOP_E_INPUT for an option that was fixed; and as `Orlop.run`
   * @throws LaunchError when the kernel refused the start
   */
  run(argv?: readonly string[], options?: PoolRequest & RunInput): Promise<RunResult>;
  /**
   * Starts an application, as `Container.start`; the container is removed with its end.
   *
   * @throws RequestError, LaunchError as `run` does
   */
  start(argv?: readonly string[], options?: PoolRequest & StartOptions): Promise<Running>;
  /** Removes the members that wait; requests that wait for one are refused (ORLOP_E_CLOSED). Applications go on. */
  close(): Promise<void>;
}
