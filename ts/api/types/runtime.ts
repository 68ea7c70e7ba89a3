import type { Plan } from '../../plan/types.ts';
import type { RunOptions } from '../../request/types.ts';
import type { Container, Containers, CreateOptions } from './containers.ts';
import type { Images } from './images.ts';
import type { Pool, PoolOptions } from './pools.ts';
import type { RunInput, RunResult } from './starts.ts';
import type { Volumes } from './volumes.ts';

/** Where a store lies. */
export interface OpenOptions {
  /** Directory of the store; default ORLOP_ROOT, or /var/lib/orlop, or $XDG_DATA_HOME/orlop. */
  readonly root?: string | undefined;
  /** Directory of what a reboot may lose; default below /run or $XDG_RUNTIME_DIR. */
  readonly run?: string | undefined;
}

/** What a start would do. */
export interface PlanResult {
  /** As data. */
  readonly plan: Plan;
  /** For people: numbered operations. */
  readonly text: string;
}

/** What `Orlop.open` resolves to. */
export interface OrlopRuntime extends AsyncDisposable {
  /** Directory of the store. */
  readonly root: string;
  /** Its containers. */
  readonly containers: Containers;
  /** Its images. */
  readonly images: Images;
  /** Its volumes. */
  readonly volumes: Volumes;
  /**
   * Runs a command in a new container to its end and collects what it writes. The container is removed afterwards, with
   * its anonymous volumes, unless `rm` is false.
   *
   * @param image reference, ID, unique beginning of an ID, or `host`: this machine's own root, copy-on-write
   * @param argv program and arguments; empty: the command of the image
   * @throws RequestError for what the request gets wrong; ORLOP_E_TIMEOUT, ORLOP_E_ABORTED, ORLOP_E_BUFFER
   * @throws LaunchError when the kernel refused the start
   * @example
   * const { stdout, exitCode } = await orlop.run('host', ['sh', '-c', 'wc -c; exit 3'], { input: 'four', timeout: 5000 });
   * console.log(stdout.trim(), exitCode); // → 4 3
   */
  run(image: string, argv?: readonly string[], options?: RunOptions & RunInput): Promise<RunResult>;
  /**
   * Makes a container without starting it.
   *
   * @throws RequestError for what the request gets wrong, ORLOP_E_CONTAINER_NAME; nothing is left behind
   */
  create(image: string, argv?: readonly string[], options?: CreateOptions): Promise<Container>;
  /**
   * Opens a pool of containers of an image; resolves when all its members wait.
   *
   * @throws RequestError, LaunchError as `run` does
   */
  pool(image: string, options: PoolOptions): Promise<Pool>;
  /**
   * A container by ID, unique beginning of an ID, or name.
   *
   * @throws RequestError ORLOP_E_NO_CONTAINER, ORLOP_E_DAMAGED
   */
  container(idOrName: string): Promise<Container>;
  /**
   * What `run` would do. Creates nothing.
   *
   * @throws RequestError for what the request gets wrong
   * @example
   * const { plan } = await orlop.plan('host', ['true'], { volumes: ['/home:/test:ro'] });
   * console.log(plan.prepare.some(({ op }) => op === 'bind')); // → true
   */
  plan(image: string, argv?: readonly string[], options?: RunOptions): Promise<PlanResult>;
  /**
   * Closes its pools, and waits until what was removed is gone from the disk. Containers that run, or are being started,
   * go on until this program ends.
   */
  close(): Promise<void>;
}
