import { ContainerStore } from '../containers/container-store.ts';
import { createContainer } from '../containers/create.ts';
import { planRun } from '../containers/plan.ts';
import { ReadyLayers } from '../containers/ready-layers.ts';
import { recover } from '../containers/recover.ts';
import type { Runtime } from '../containers/runtime.ts';
import { Images } from '../images/images.ts';
import { Strategies } from '../launch/strategies.ts';
import { loadNative } from '../native/binding.ts';
import { describePlan } from '../plan/describe.ts';
import { parseRunOptions } from '../request/options.ts';
import type { RunOptions, RunRequest } from '../request/types.ts';
import { Store } from '../store/store.ts';
import { ContainerHandle } from './container.ts';
import { ImageApi } from './image-api.ts';
import { summaryOf } from './inspect.ts';
import { ContainerPool } from './pool.ts';
import { runToEnd } from './run.ts';
import type * as t from './types.ts';
import { VolumeApi } from './volume-api.ts';

/**
 * A container runtime on a store. Several of them, in one program or many, may work on the same store.
 *
 * @example
 * await using orlop = await Orlop.open();
 * const { stdout } = await orlop.run('host', ['cat', '/test/f'], { volumes: ['data:/test'] });
 */
export class Orlop implements t.OrlopRuntime {
  readonly #runtime: Runtime;
  readonly #pools = new Set<t.Pool>();
  readonly root: string;
  readonly containers: t.Containers;
  readonly images: t.Images;
  readonly volumes: t.Volumes;

  private constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.root = runtime.store.root;
    this.containers = {
      list: (options) => this.#list(options),
      remove: (idOrName, options) => runtime.containers.remove(idOrName, options),
    };
    this.images = new ImageApi(runtime);
    this.volumes = new VolumeApi(runtime);
  }

  /**
   * Opens the store, makes it where there is none, and puts right what dead processes left in it.
   *
   * @throws RequestError ORLOP_E_STORE when its directories cannot be used, ORLOP_E_NATIVE without the addon
   */
  static async open({ root, run }: t.OpenOptions = {}): Promise<Orlop> {
    const native = loadNative();
    const store = await Store.open({ root, run, native });
    const containers = new ContainerStore(store);
    const images = new Images(store);
    await recover(store, containers);
    const layers = new ReadyLayers(store);
    const strategies = new Strategies(native);
    return new Orlop({ store, native, images, containers, layers, strategies, volumes: containers.volumes });
  }

  /**
   * Runs a command in a new container to its end and collects what it writes. The container is removed afterwards, with
   * its anonymous volumes, unless `rm` is false.
   *
   * @throws RequestError for what the request gets wrong; ORLOP_E_TIMEOUT, ORLOP_E_ABORTED, ORLOP_E_BUFFER
   * @throws LaunchError when the kernel refused the start
   */
  async run(image: string, argv: readonly string[] = [], options: RunOptions & t.RunInput = {}): Promise<t.RunResult> {
    return runToEnd((name, args, rest, signal) => this.#create(name, args, rest, signal), image, argv, options);
  }

  /**
   * Makes a container without starting it.
   *
   * @throws RequestError for what the request gets wrong; nothing is left behind
   */
  async create(image: string, argv: readonly string[] = [], options: t.CreateOptions = {}): Promise<t.Container> {
    return this.#create(image, argv, options);
  }

  /**
   * Opens a pool: containers of an image that are made ahead, for requests that shall start at once.
   *
   * @example
   * await using pool = await orlop.pool('debian:trixie', { size: 8, network: 'none' });
   * const { stdout } = await pool.run(['cat', '/test/f'], { volumes: ['data:/test'] });
   * @throws RequestError, LaunchError as a run does
   */
  async pool(image: string, options: t.PoolOptions): Promise<t.Pool> {
    return ContainerPool.open(this.#runtime, image, options, this.#pools);
  }

  async #create(
    image: string,
    argv: readonly string[],
    { durable, ...options }: t.CreateOptions,
    signal?: AbortSignal,
  ): Promise<t.Container> {
    const request = requestOf(image, argv, options);
    const durability = (durable ?? !request.rm) ? 'durable' : 'ephemeral';
    return new ContainerHandle(
      this.#runtime,
      await createContainer(this.#runtime, request, { durability, signal }),
      'made',
    );
  }

  async container(idOrName: string): Promise<t.Container> {
    return new ContainerHandle(this.#runtime, await this.#runtime.containers.find(idOrName), 'found');
  }

  async plan(image: string, argv: readonly string[] = [], options: RunOptions = {}): Promise<t.PlanResult> {
    const plan = await planRun(this.#runtime, requestOf(image, argv, options));
    return { plan, text: describePlan(plan) };
  }

  /**
   * Closes its pools, and waits until what was removed is gone from the disk. Containers that run go on until this
   * program ends.
   */
  async close(): Promise<void> {
    await Promise.all([...this.#pools].map((pool) => pool.close()));
    await this.#runtime.layers.close();
    await this.#runtime.store.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #list({
    all = false,
    filter = () => true,
  }: t.ListOptions<t.ContainerSummary> & { readonly all?: boolean | undefined } = {}): Promise<
    t.Listing<t.ContainerSummary>
  > {
    const { containers, store } = this.#runtime;
    const { containers: found, damaged } = await containers.list();
    return {
      items: found
        .map((container) => summaryOf(store, container))
        .filter((container) => (all || container.status === 'running') && filter(container)),
      damaged: damaged.map(({ id, error }) => ({ path: id, message: error.message })),
    };
  }
}

function requestOf(image: string, argv: readonly string[], options: RunOptions): RunRequest {
  return parseRunOptions(image, argv, options, { cwd: process.cwd(), env: process.env });
}
