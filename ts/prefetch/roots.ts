import { type PreparedForm, prepareForm } from '../launch/prepared-start.ts';
import type { Native } from '../native/contract.ts';
import type { StartFacts } from '../plan/facts.ts';
import { hole, type Values } from '../plan/holes.ts';
import { mountsPlan } from '../plan/mounts-plan.ts';
import type { MountName, Plan } from '../plan/types.ts';
import { allowRemountAt, type RootAttributes, setRootAttributes, unionParts } from '../record/layer.ts';
import type { Store } from '../store/store.ts';
import { errorCode } from '../store/system-error.ts';
import { type Layer, LayerStaging, prefetchLayers } from './layers.ts';
import type { Prefetch } from './prefetch.ts';
import { WarmPaths } from './warm-paths.ts';

/** Detached mounts of a root filesystem: the union and default mounts. */
export interface RootMounts {
  readonly names: readonly MountName[];
  /** Descriptors in the order of the names. The taker closes them. */
  readonly descriptors: readonly number[];
}

/** Common part of root filesystems of a kind. */
export interface RootKind {
  /** Key that is the same for root filesystems that differ only in the read-write layer. */
  readonly key: string;
  readonly attributes: RootAttributes;
  /** Facts of a start with such a root filesystem. */
  readonly facts: () => StartFacts;
}

/** Maximal number of layers with mounts, for programs that alternate between as many kinds of containers. */
const maxMounted = 8;

/**
 * Prefetches root filesystems: read-write layers, with union and default mounts if the last start was of the same kind.
 * On a disk, the union alone is a third of a start. The mounts are detached, so they are not visible on the host, and
 * the kernel removes them with the program.
 *
 * Only for ephemeral containers, because no other process may mount the same read-write layer meanwhile.
 */
export class Roots {
  readonly #native: Native;
  readonly #staging: LayerStaging;
  readonly #layers: Prefetch<Layer>;
  /** Mounts by the ID of the layer in the union. */
  readonly #mounted = new Map<string, MountedRoot>();
  readonly #plans = new Map<string, MountsForm>();
  readonly #paths = new WarmPaths(maxMounted);
  #making: Promise<void> | null = null;
  #refused = false;

  constructor(store: Store) {
    this.#native = store.native;
    this.#staging = new LayerStaging(store);
    this.#layers = prefetchLayers(this.#staging);
  }

  /**
   * Takes a layer with mounts of this kind, or one without mounts; null: there is none.
   *
   * @param kind null: only a layer without mounts
   */
  take(kind: string | null): Layer | null {
    const layer = this.#layers.tryTake(
      ({ id }) => kind !== null && this.#mounted.get(id)?.kind === kind,
      ({ id }) => !this.#mounted.has(id),
    );
    if (layer !== null) this.#staging.take(layer);
    return layer;
  }

  isMounted(layer: string): boolean {
    return this.#mounted.has(layer);
  }

  /** Takes the mounts of a layer, for its start; null: none. */
  mountsOf(layer: string): RootMounts | null {
    const mounts = this.#mounted.get(layer) ?? null;
    this.#mounted.delete(layer);
    return mounts;
  }

  /** Releases a taken layer: a start has moved it to its path, or has failed. */
  release(layer: string): void {
    this.#staging.release(layer);
  }

  /** Closes the mounts of a layer that is to be removed. */
  async drop(layer: string): Promise<void> {
    await Promise.all((this.mountsOf(layer)?.descriptors ?? []).map((mount) => this.#native.close(mount)));
  }

  /** Closes the mounts of a layer whose start has failed, and removes the layer if no start has moved it. */
  async discard(layer: string): Promise<void> {
    await this.drop(layer);
    await this.#staging.discard(layer);
  }

  /** Names and plan of the mounts that a start of this kind would take now; null: none. */
  prefetched(kind: string): { readonly names: readonly MountName[]; plan(values: Values): Plan } | null {
    const found = this.#mountedLayers().find(({ id }) => this.#mounted.get(id)?.kind === kind);
    const mounted = found === undefined ? undefined : this.#mounted.get(found.id);
    return mounted === undefined ? null : { names: mounted.names, plan: (values) => mounted.form.planOf(values) };
  }

  /**
   * Makes mounts for the next start of this kind.
   *
   * @param paths that the last start looked up in the root filesystem
   * @param launch token of the launch that comes first
   */
  makeNext(kind: RootKind, paths: () => readonly string[], launch: object): void {
    if (this.#refused || this.#making !== null) return;
    this.#making = this.#make(kind, paths, launch)
      // Each start then makes its own mounts, or its error tells the cause.
      .catch((error: unknown) => {
        this.#plans.clear();
        this.#refused = ['EPERM', 'ENOSYS'].includes(errorCode(error) ?? '');
      })
      .finally(() => {
        this.#making = null;
      });
  }

  /** Closes the mounts that were not taken, because an image with layers in them is to be removed. */
  async forget(): Promise<void> {
    await this.#making;
    for (const layer of this.#mountedLayers()) await this.#unmount(layer);
  }

  async close(): Promise<void> {
    await this.#making;
    for (const layer of [...this.#mounted.keys()]) await this.drop(layer);
    // Later layers are in another directory.
    this.#plans.clear();
    await this.#layers.reset();
    await this.#staging.empty();
  }

  async #make(kind: RootKind, paths: () => readonly string[], after: object): Promise<void> {
    const mounted = this.#mountedLayers();
    if (mounted.some(({ id }) => this.#mounted.get(id)?.kind === kind.key)) return;
    const [oldest] = mounted;
    if (oldest !== undefined && mounted.length >= maxMounted) await this.#unmount(oldest);
    const layer = this.#layers.borrow(({ id }) => !this.#mounted.has(id));
    if (layer === null) return;
    const { id, stagingDirectory } = layer;
    try {
      const { form, names } = this.#planFor(kind, stagingDirectory);
      const changes = setRootAttributes(`${stagingDirectory}/${id}`, kind.attributes);
      if (changes.length > 0) this.#native.change(changes);
      const wanted = `${this.#paths.add(kind.key, paths()).join('\0')}\0`;
      const descriptors = await this.#native.openMounts(form.native, { values: [id], paths: wanted, after });
      const hasParts = kind.attributes.parts !== undefined;
      this.#mounted.set(id, { kind: kind.key, form, names, descriptors, hasParts });
    } finally {
      await this.#putBack(layer);
    }
  }

  /** Puts a layer back, or drops its mounts if the store was closed meanwhile. */
  async #putBack(layer: Layer): Promise<void> {
    if (this.#staging.isOpen(layer)) this.#layers.putBack(layer);
    else await this.drop(layer.id);
  }

  #mountedLayers(): Layer[] {
    return this.#layers.items().filter(({ id }) => this.#mounted.has(id));
  }

  /** Closes the mounts of a waiting layer, and puts it back as one without mounts. */
  async #unmount({ id, stagingDirectory }: Layer): Promise<void> {
    const layer = this.#layers.borrow((other) => other.id === id);
    if (layer === null) return;
    const hasParts = this.#mounted.get(id)?.hasParts;
    await this.drop(id);
    // Another start would make the directories of its parts again.
    if (hasParts) return this.#native.changeLater([['remove', `${stagingDirectory}/${id}`]]);
    await allowRemountAt(this.#native, `${stagingDirectory}/${id}/work`);
    await this.#putBack(layer);
  }

  #planFor({ key, facts }: RootKind, stagingDirectory: string): MountsForm {
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const path = `${stagingDirectory}/${hole.id}`;
    const one = facts();
    const root = { ...one.root, upper: `${path}/diff`, work: `${path}/work` };
    const { plan, names } = mountsPlan({ ...one, root: { ...root, parts: unionParts(root.parts ?? [], root) } });
    const form = prepareForm(this.#native, plan, {});
    if (this.#plans.size >= maxMounted) this.#plans.clear();
    const made = { form, names };
    this.#plans.set(key, made);
    return made;
  }
}

/** Prepared plan of the mounts of a kind. */
interface MountsForm {
  readonly form: PreparedForm;
  readonly names: readonly MountName[];
}

interface MountedRoot extends RootMounts, MountsForm {
  readonly kind: string;
  readonly hasParts: boolean;
}
