import { ContainerStore } from '../containers/container-store.ts';
import { createContainer } from '../containers/create.ts';
import { planRun } from '../containers/plan.ts';
import { ReadyLayers } from '../containers/ready-layers.ts';
import { TreesAhead } from '../containers/ready-trees.ts';
import { recover } from '../containers/recover.ts';
import type { Runtime } from '../containers/runtime.ts';
import { SpareNetworks } from '../containers/spare-networks.ts';
import { Images } from '../images/images.ts';
import { Strategies } from '../launch/strategies.ts';
import { kernelRelease } from '../linux/kernel.ts';
import { loadNative } from '../native/binding.ts';
import { describePlan } from '../plan/describe.ts';
import { knownRequest } from '../request/known.ts';
import type { RunOptions, RunRequest } from '../request/types.ts';
import { Store } from '../store/store.ts';
import { Laps } from '../trace/laps.ts';
import { ContainerHandle } from './container.ts';
import { damagedAt } from './damaged.ts';
import { ImageApi } from './image-api.ts';
import { summaryOf } from './inspect.ts';
import { openPool } from './pool.ts';
import { runToEnd } from './run.ts';
import type * as t from './types.ts';
import { VolumeApi } from './volume-api.ts';

/**
 * A container runtime on a store. Several of them, in one program or many, may work on the same store.
 *
 * @example
 * await using orlop = await Orlop.open();
 * const command = ['sh', '-c', 'echo hi > /test/f; cat /test/f'];
 * const { stdout } = await orlop.run('host', command, { volumes: ['data:/test'] });
 * console.log(stdout.trim()); // → hi
 */
export class Orlop implements t.OrlopRuntime {
  readonly #runtime: Runtime;
  readonly #pools = new Set<t.Pool>();
  /** Directory of the store. */
  readonly root: string;
  /** Its containers. */
  readonly containers: t.Containers;
  /** Its images. */
  readonly images: t.Images;
  /** Its volumes. */
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
  static async open(options: t.OpenOptions = {}): Promise<Orlop> {
    const { root, run } = options;
    const native = loadNative();
    const store = await Store.open({ root, run, native });
    const layers = new ReadyLayers(store);
    const trees = new TreesAhead(native, layers);
    const containers = new ContainerStore(store, (layer) => trees.drop(layer));
    const images = new Images(store);
    await recover(store, containers).catch(async (error: unknown) => {
      await store.close().catch(() => {});
      throw error;
    });
    const networks = new SpareNetworks(native);
    const strategies = new Strategies(native);
    const { volumes } = containers;
    return new Orlop({ store, native, images, containers, volumes, layers, trees, networks, strategies });
  }

  async run(image: string, argv: readonly string[] = [], options: RunOptions & t.RunInput = {}): Promise<t.RunResult> {
    return runToEnd(this.#runtime, image, options, (own) => requestOf(image, argv, own));
  }

  async create(image: string, argv: readonly string[] = [], options: t.CreateOptions = {}): Promise<t.Container> {
    return this.#create(image, argv, options);
  }

  async pool(image: string, options: t.PoolOptions): Promise<t.Pool> {
    return openPool(this.#runtime, image, options, this.#pools);
  }

  async #create(
    image: string,
    argv: readonly string[],
    { durable, ...options }: t.CreateOptions,
  ): Promise<t.Container> {
    const laps = new Laps('create', 'parts');
    const request = requestOf(image, argv, options);
    laps.lap('request', 'parsed');
    const durability = (durable ?? !request.rm) ? 'durable' : 'ephemeral';
    return new ContainerHandle(
      this.#runtime,
      await createContainer(this.#runtime, request, { durability, laps }),
      laps,
    );
  }

  async container(idOrName: string): Promise<t.Container> {
    return new ContainerHandle(this.#runtime, await this.#runtime.containers.find(idOrName), null);
  }

  async plan(image: string, argv: readonly string[] = [], options: RunOptions = {}): Promise<t.PlanResult> {
    const plan = await planRun(this.#runtime, requestOf(image, argv, options));
    return { plan, text: describePlan(plan) };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools].map((pool) => pool.close()));
    // Before the layers that are mounted in them.
    await this.#runtime.trees.close();
    await Promise.all([this.#runtime.layers.close(), this.#runtime.networks.close()]);
    await this.#runtime.store.close();
  }

  /** Closes it, at the end of a block that has it with `await using`. */
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
      damaged: damaged.map(({ path, error }) => damagedAt(path, error)),
    };
  }
}

function requestOf(image: string, argv: readonly string[], options: RunOptions): RunRequest {
  return knownRequest(image, argv, options, { cwd: process.cwd(), env: process.env, kernel: kernelRelease });
}
