import { heldControllers } from '../cgroups/place.ts';
import { createContainer, forLaterStart } from '../containers/create.ts';
import { planRun } from '../containers/plan.ts';
import { pruneContainers } from '../containers/prune.ts';
import type { Runtime } from '../containers/runtime.ts';
import { sizesOf } from '../containers/size.ts';
import { RequestError } from '../errors/index.ts';
import { machine } from '../linux/machine.ts';
import type { Mode } from '../native/contract.ts';
import { isolationOf, readIsolationFacts } from '../native/isolation.ts';
import type { Isolation } from '../native/isolation-types.ts';
import { describePlan } from '../plan/describe.ts';
import { knownRequest } from '../request/known.ts';
import type { RunOptions, RunRequest } from '../request/types.ts';
import { Laps } from '../trace/laps.ts';
import type { CreateRequested } from './command-runtime.ts';
import { ContainerHandle } from './container.ts';
import { damagedAt } from './damaged.ts';
import { ImageApi } from './image-api.ts';
import { summaryOf } from './inspect.ts';
import { closeRuntime, openRuntime } from './open.ts';
import { openPool } from './pool.ts';
import { type AnyRunInput, type AnyRunResult, runInNew } from './run.ts';
import { type AnySandboxOptions, sandboxOptions } from './sandbox.ts';
import type * as t from './types.ts';
import { VolumeApi } from './volume-api.ts';

/**
 * A container runtime on a store. Many instances, in one program or in several, can use the same store.
 *
 * @example
 * await using orlop = await Orlop.open();
 * const command = ['sh', '-c', 'echo hi > /test/f; cat /test/f'];
 * const { stdout } = await orlop.run('host', command, { volumes: ['data:/test'] });
 * console.log(stdout.trim()); // → hi
 */
export class Orlop implements t.OrlopRuntime {
  readonly #opened: Runtime;
  /** Set by `close`. */
  #closing: Promise<void> | null = null;
  readonly #pools = new Set<t.Pool>();
  /** Absolute path of the store. */
  readonly root: string;
  /** Containers of the store. */
  readonly containers: t.Containers;
  /** Images of the store. */
  readonly images: t.Images;
  /** Volumes of the store. */
  readonly volumes: t.Volumes;

  private constructor(runtime: Runtime) {
    this.#opened = runtime;
    this.root = runtime.store.root;
    this.containers = {
      list: (options) => this.#list(options),
      remove: async (idOrName, options) => this.#runtime.containers.remove(withoutSlash(idOrName), options),
      prune: async ({ filter = () => true } = {}) =>
        pruneContainers(this.#runtime, (container) => filter(summaryOf(this.#runtime.store, container))),
    };
    this.images = new ImageApi(() => this.#runtime);
    this.volumes = new VolumeApi(() => this.#runtime);
  }

  get isolation(): Isolation {
    return isolationOf(this.#opened.native.rights, readIsolationFacts(heldControllers()), this.#opened.floor);
  }

  /** The runtime of a call. After `close`, what the call made would be left behind. */
  get #runtime(): Runtime {
    if (this.#closing === null) return this.#opened;
    throw new RequestError('ORLOP_E_CLOSED', 'the runtime was closed', { hint: 'open another: Orlop.open()' });
  }

  /**
   * Opens the store, creates it if it is missing, and repairs what dead processes left in it.
   *
   * @throws RequestError ORLOP_E_STORE if its directories cannot be used, ORLOP_E_NATIVE if the addon cannot be loaded,
   * ORLOP_E_ISOLATION if containers would have less than asked for
   */
  static async open(options: t.OpenOptions = {}): Promise<Orlop> {
    return Orlop.openAs('program', options);
  }

  /**
   * Opens the store for a program, or for a command, which makes one start and ends.
   *
   * @internal
   */
  static async openAs(mode: Mode, options: t.OpenOptions): Promise<Orlop> {
    return new Orlop(await openRuntime(options, mode));
  }

  run<Reject extends boolean = true, All extends boolean = false>(
    image: string,
    argv: readonly string[] | undefined,
    options: RunOptions & t.BufferRunInput<Reject, All>,
  ): Promise<t.Settled<Reject, Buffer, All>>;
  run<Reject extends boolean = true, All extends boolean = false>(
    image: string,
    argv: readonly string[] | undefined,
    options: RunOptions & t.LinesRunInput<Reject, All>,
  ): Promise<t.Settled<Reject, string[], All>>;
  run<Reject extends boolean = true, All extends boolean = false>(
    image: string,
    argv: readonly string[] | undefined,
    options: RunOptions & t.RunInput<Reject, All>,
  ): Promise<t.Settled<Reject, string, All>>;
  run(image: string, argv?: readonly string[], options?: RunOptions & t.RunInput): Promise<t.RunResult>;
  async run(
    image: string,
    argv: readonly string[] = [],
    options: RunOptions & AnyRunInput = {},
  ): Promise<AnyRunResult> {
    const parse = (runOptions: RunOptions) => requestOf(image, argv, runOptions);
    return runInNew(() => this.#runtime, image, options, parse);
  }

  sandbox<All extends boolean = false>(
    image: string,
    argv: readonly string[] | undefined,
    options: t.BufferSandboxOptions<All>,
  ): Promise<t.Settled<false, Buffer, All>>;
  sandbox<All extends boolean = false>(
    image: string,
    argv: readonly string[] | undefined,
    options: t.LinesSandboxOptions<All>,
  ): Promise<t.Settled<false, string[], All>>;
  sandbox<All extends boolean = false>(
    image: string,
    argv?: readonly string[],
    options?: t.SandboxOptions<All>,
  ): Promise<t.Settled<false, string, All>>;
  async sandbox(image: string, argv: readonly string[] = [], options: AnySandboxOptions = {}): Promise<AnyRunResult> {
    const all = sandboxOptions(options, this.#opened.native.rights);
    const parse = (runOptions: RunOptions) => requestOf(image, argv, runOptions);
    return runInNew(() => this.#runtime, image, all, parse);
  }

  async create(image: string, argv: readonly string[] = [], options: t.CreateOptions = {}): Promise<t.Container> {
    const { durable, ...runOptions } = options;
    const laps = new Laps('create', 'parts');
    const request = requestOf(image, argv, runOptions);
    laps.lap('request', 'parsed');
    return this.createRequested(request, { durable: durable ?? !request.rm, laps });
  }

  async pool(image: string, options: t.PoolOptions): Promise<t.Pool> {
    return openPool(this.#runtime, image, options, this.#pools);
  }

  /**
   * Makes a container from a parsed request. `laps` has timed the parsing if the call included it.
   *
   * @internal
   */
  async createRequested(
    request: RunRequest,
    { durable, starts, laps = new Laps('create', 'parts') }: CreateRequested & { readonly laps?: Laps },
  ): Promise<t.Container> {
    const durability = durable ? 'durable' : 'ephemeral';
    if (starts) this.#runtime.groups.expect(request);
    const created = await createContainer(this.#runtime, request, { durability, laps });
    return new ContainerHandle(this.#runtime, forLaterStart(created), laps);
  }

  async container(idOrName: string): Promise<t.Container> {
    return new ContainerHandle(this.#runtime, await this.#runtime.containers.find(withoutSlash(idOrName)), null);
  }

  async plan(image: string, argv: readonly string[] = [], options: RunOptions = {}): Promise<t.PlanResult> {
    return this.planRequested(requestOf(image, argv, options));
  }

  /**
   * Describes the run of a parsed request without starting it.
   *
   * @internal
   */
  async planRequested(request: RunRequest): Promise<t.PlanResult> {
    const { plan, limits, devices } = await planRun(this.#runtime, request);
    return { plan, limits, devices, text: describePlan(plan, limits, devices) };
  }

  async close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#pools].map((pool) => pool.close())).then(() => closeRuntime(this.#opened));
    await this.#closing;
  }

  /** Closes the runtime at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #list({
    all = false,
    size = false,
    filter = () => true,
  }: ListContainers = {}): Promise<t.Listing<t.ContainerSummary>> {
    const runtime = this.#runtime;
    const { containers: found, damaged } = await runtime.containers.list();
    const listed = found
      .map((container) => ({ container, summary: summaryOf(runtime.store, container) }))
      .filter(({ summary }) => (all || summary.status === 'running') && filter(summary));
    const sizes = size
      ? await sizesOf(
          runtime,
          listed.map(({ container }) => container),
        )
      : null;
    return {
      items: listed.map(({ summary }, index) => ({ ...summary, ...(sizes !== null && { size: sizes[index] }) })),
      damaged: damaged.map(({ path, error }) => damagedAt(path, error)),
    };
  }
}

type ListContainers = NonNullable<Parameters<t.Containers['list']>[0]>;

/** `inspect` shows the name as `/web`, as in Docker. */
function withoutSlash(idOrName: string): string {
  return idOrName.startsWith('/') ? idOrName.slice(1) : idOrName;
}

function requestOf(image: string, argv: readonly string[], options: RunOptions): RunRequest {
  return knownRequest(image, argv, options, { cwd: process.cwd(), env: process.env, ...machine });
}
