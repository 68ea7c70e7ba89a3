import type { Isolation, IsolationName } from '../../native/isolation-types.ts';
import type { PlannedDevices, PlannedLimit } from '../../plan/describe.ts';
import type { Plan } from '../../plan/types.ts';
import type { RunOptions } from '../../request/types.ts';
import type { Container, Containers, CreateOptions } from './containers.ts';
import type { Images } from './images.ts';
import type { Pool, PoolOptions } from './pools.ts';
import type { BufferSandboxOptions, LinesSandboxOptions, SandboxOptions } from './sandbox.ts';
import type { BufferRunInput, LinesRunInput, RunInput, RunResult, Settled } from './starts.ts';
import type { Volumes } from './volumes.ts';

/** Location of a store. */
export interface OpenOptions {
  /** Directory of the store. Default: ORLOP_ROOT, or /var/lib/orlop for root, or $XDG_DATA_HOME/orlop. */
  readonly root?: string | undefined;
  /** Directory for data that a reboot may delete (locks, for example). Default: below /run or $XDG_RUNTIME_DIR. */
  readonly run?: string | undefined;
  /**
   * What must hold for all containers: `user,ids`, or a list. `open` and starts with less are refused
   * (ORLOP_E_ISOLATION). With `process`, orlop-launcher makes the privileged calls of root too. Default: nothing.
   */
  readonly isolation?: string | readonly IsolationName[] | undefined;
}

/** Description of a start. */
export interface PlanResult {
  /** The plan as data. */
  readonly plan: Plan;
  /** Control files that hold the limits which were asked for, written before the clone. */
  readonly limits: readonly PlannedLimit[];
  /** What the filter of devices allows, `c 1:3 rwm`; `all`: there is none. */
  readonly devices: PlannedDevices;
  /** The plan as text: numbered operations. */
  readonly text: string;
}

/** The runtime that `Orlop.open` resolves to. */
export interface OrlopRuntime extends AsyncDisposable {
  /** Absolute path of the store. */
  readonly root: string;
  /** Containers of the store. */
  readonly containers: Containers;
  /** Images of the store. */
  readonly images: Images;
  /** Volumes of the store. */
  readonly volumes: Volumes;
  /**
   * What holds for the containers of this runtime, and why not more.
   *
   * @example
   * const { user } = orlop.isolation;
   * console.log(user.holds, user.detail); // → false root in a container is root of the machine
   */
  readonly isolation: Isolation;
  /**
   * Runs a command like the other `run`, with its outputs as bytes.
   *
   * @example
   * const { stdout } = await orlop.run('host', ['head', '-c', '4', '/bin/sh'], { encoding: 'buffer' });
   * console.log(stdout); // → <Buffer 7f 45 4c 46>
   */
  run<Reject extends boolean = true, All extends boolean = false>(
    image: string,
    argv: readonly string[] | undefined,
    options: RunOptions & BufferRunInput<Reject, All>,
  ): Promise<Settled<Reject, Buffer, All>>;
  /**
   * Runs a command like the other `run`, with its outputs as lines.
   *
   * @example
   * const { stdout } = await orlop.run('host', ['sh', '-c', 'echo one; echo two'], { lines: true });
   * console.log(stdout); // → [ 'one', 'two' ]
   */
  run<Reject extends boolean = true, All extends boolean = false>(
    image: string,
    argv: readonly string[] | undefined,
    options: RunOptions & LinesRunInput<Reject, All>,
  ): Promise<Settled<Reject, string[], All>>;
  /**
   * Runs a command like the other `run`, and with `reject: false` gives an outcome also if it fails: by its time-out, its
   * AbortSignal, its input, too much output, or because it cannot be started.
   *
   * @throws what is no failure of the run, such as a TypeError
   * @example
   * const options = { timeout: 500, reject: false } as const;
   * const { timedOut, limit, exitCode } = await orlop.run('host', ['sleep', '60'], options);
   * console.log(timedOut, limit, exitCode); // → true wallTime 137
   */
  run<Reject extends boolean = true, All extends boolean = false>(
    image: string,
    argv: readonly string[] | undefined,
    options: RunOptions & RunInput<Reject, All>,
  ): Promise<Settled<Reject, string, All>>;
  /**
   * Runs a command in a new container until its exit and collects its output. Then removes the container and its
   * anonymous volumes, unless `rm` is false.
   *
   * @param image reference, ID, unique prefix of an ID, or `host`: the root of this machine, copy-on-write
   * @param argv program and arguments; empty for the command of the image
   * @throws RequestError if the request is invalid
   * @throws RunError with the output so far: ORLOP_E_TIMEOUT, ORLOP_E_ABORTED, ORLOP_E_BUFFER, ORLOP_E_INPUT
   * @throws LaunchError if the kernel refused the start
   * @example
   * const { stdout, exitCode } = await orlop.run('host', ['sh', '-c', 'wc -c; exit 3'], { input: 'four', timeout: 5000 });
   * console.log(stdout.trim(), exitCode); // → 4 3
   */
  run(image: string, argv?: readonly string[], options?: RunOptions & RunInput): Promise<RunResult>;
  /** Runs untrusted code like the other `sandbox`, with its outputs as bytes. */
  sandbox<All extends boolean = false>(
    image: string,
    argv: readonly string[] | undefined,
    options: BufferSandboxOptions<All>,
  ): Promise<Settled<false, Buffer, All>>;
  /** Runs untrusted code like the other `sandbox`, with its outputs as lines. */
  sandbox<All extends boolean = false>(
    image: string,
    argv: readonly string[] | undefined,
    options: LinesSandboxOptions<All>,
  ): Promise<Settled<false, string[], All>>;
  /**
   * Runs untrusted code: a command like that of `run`, with a read-only root filesystem, a directory in memory to work
   * in, another user than root, no capabilities, no network, limits, a time-out, and a user namespace. Gives an outcome
   * also if it fails, as with `reject: false`: also where the machine lacks something of that, which is never left out.
   *
   * @throws what is no failure of the run, such as a TypeError
   * @example
   * const greedy = await orlop.sandbox('host', ['sh', '-c', 'id -u; pwd; head -c 2000000 /dev/zero']);
   * console.log(greedy.stdout.slice(0, 9).split('\n'), greedy.limit); // → [ '1000', '/tmp' ] output
   */
  sandbox<All extends boolean = false>(
    image: string,
    argv?: readonly string[],
    options?: SandboxOptions<All>,
  ): Promise<Settled<false, string, All>>;
  /**
   * Makes a container without starting it. Leaves nothing behind when it throws.
   *
   * @throws RequestError if the request is invalid, ORLOP_E_CONTAINER_NAME
   */
  create(image: string, argv?: readonly string[], options?: CreateOptions): Promise<Container>;
  /**
   * Opens a pool of containers of an image. Resolves when all its containers wait for an application.
   *
   * @throws RequestError, LaunchError like `run`
   */
  pool(image: string, options: PoolOptions): Promise<Pool>;
  /**
   * Looks up a container by ID, unique prefix of an ID, or name.
   *
   * @throws RequestError ORLOP_E_NO_CONTAINER, ORLOP_E_DAMAGED
   */
  container(idOrName: string): Promise<Container>;
  /**
   * Describes what `run` would do. Creates nothing.
   *
   * @throws RequestError if the request is invalid
   * @example
   * const { plan } = await orlop.plan('host', ['true'], { volumes: ['/home:/test:ro'] });
   * console.log(plan.prepare.some(({ op }) => op === 'bind')); // → true
   */
  plan(image: string, argv?: readonly string[], options?: RunOptions): Promise<PlanResult>;
  /**
   * Closes the pools, and waits until removed objects are gone from the disk. Running and starting containers continue
   * until this program ends. Every later call fails with RequestError ORLOP_E_CLOSED.
   */
  close(): Promise<void>;
}
