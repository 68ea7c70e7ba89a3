import { type PreparedForm, prepareForm } from '../launch/prepared-start.ts';
import type { Native } from '../native/contract.ts';
import type { StartFacts } from '../plan/facts.ts';
import { hole, type Values } from '../plan/holes.ts';
import { mountsPlan } from '../plan/mounts-plan.ts';
import type { Plan, TreeName } from '../plan/types.ts';
import { allowRemountAt, dressLayer, type RootAttributes } from '../record/layer.ts';
import type { Store } from '../store/store.ts';
import { errorCode } from '../store/system-error.ts';
import { type Layer, prefetchLayers, Shelf } from './layers.ts';
import type { Prefetch } from './prefetch.ts';
import { WarmPaths } from './warm-paths.ts';

/** Detached mounts of a root filesystem: the union, and default mounts. */
export interface RootMounts {
  readonly names: readonly TreeName[];
  /** In the order of the names; their taker closes them. */
  readonly descriptors: readonly number[];
}

/** What the root filesystems of a kind have in common. */
export interface RootKind {
  /** Equal for root filesystems that differ in nothing but the read-write layer. */
  readonly key: string;
  readonly attributes: RootAttributes;
  /** Of a start with such a root filesystem. */
  readonly facts: () => StartFacts;
}

/** Read-write layers that have mounts, at most: for programs that start so many kinds of containers by turns. */
const maxMounted = 8;

/**
 * Root filesystems made ahead: a read-write layer, with its union and default mounts where the last start was of the same
 * kind. On a disk, the union alone is a third of a start. The mounts are detached, so the host sees nothing of them, and
 * the kernel takes them away with the program.
 *
 * Only for containers that end with the program: no other may mount the same read-write layer meanwhile.
 */
export class Roots {
  readonly #native: Native;
  readonly #shelf: Shelf;
  readonly #layers: Prefetch<Layer>;
  /** By the layer in the union. */
  readonly #mounted = new Map<string, MountedRoot>();
  readonly #plans = new Map<string, MountsForm>();
  readonly #paths = new WarmPaths(maxMounted);
  #making: Promise<void> | null = null;
  #refused = false;

  constructor(store: Store) {
    this.#native = store.native;
    this.#shelf = new Shelf(store);
    this.#layers = prefetchLayers(this.#shelf);
  }

  /**
   * Takes a layer with mounts of this kind, or one without mounts; null when there is none.
   *
   * @param kind null: only one without mounts
   */
  take(kind: string | null): Layer | null {
    const layer = this.#layers.takeNow(
      ({ id }) => kind !== null && this.#mounted.get(id)?.kind === kind,
      ({ id }) => !this.#mounted.has(id),
    );
    if (layer !== null) this.#shelf.take(layer);
    return layer;
  }

  isMounted(layer: string): boolean {
    return this.#mounted.has(layer);
  }

  /** The mounts with a layer in them, for its start; null when there are none. */
  mountsOf(layer: string): RootMounts | null {
    const mounts = this.#mounted.get(layer) ?? null;
    this.#mounted.delete(layer);
    return mounts;
  }

  /** A layer that was taken has been moved into its place, or never will be. */
  moved(layer: string): void {
    this.#shelf.moved(layer);
  }

  /** Closes the mounts with a layer in them: the layer is to be removed. */
  async drop(layer: string): Promise<void> {
    await Promise.all((this.mountsOf(layer)?.descriptors ?? []).map((mount) => this.#native.close(mount)));
  }

  /** The mounts that a start of this kind would take now, and how they were made; null for none. */
  prefetched(kind: string): { readonly names: readonly TreeName[]; plan(values: Values): Plan } | null {
    const found = this.#mountedLayers().find(({ id }) => this.#mounted.get(id)?.kind === kind);
    const mounted = found === undefined ? undefined : this.#mounted.get(found.id);
    return mounted === undefined ? null : { names: mounted.names, plan: (values) => mounted.form.planOf(values) };
  }

  /**
   * Makes mounts for the next start of this kind.
   *
   * @param paths that it looks up in the root filesystem; the next one may be like one of those before it, too
   * @param launch the token of a launch, which goes first
   */
  makeNext(kind: RootKind, paths: () => readonly string[], launch: object): void {
    if (this.#refused || this.#making !== null) return;
    this.#making = this.#make(kind, paths, launch)
      // Each start makes its own then, or its error says what is wrong.
      .catch((error: unknown) => {
        this.#plans.clear();
        this.#refused = ['EPERM', 'ENOSYS'].includes(errorCode(error) ?? '');
      })
      .finally(() => {
        this.#making = null;
      });
  }

  /** Closes the mounts that no container has taken: an image whose layers are in them is to be removed. */
  async forget(): Promise<void> {
    await this.#making;
    for (const layer of this.#mountedLayers()) await this.#unmount(layer);
  }

  async close(): Promise<void> {
    await this.#making;
    for (const layer of [...this.#mounted.keys()]) await this.drop(layer);
    // The layers of another time will be elsewhere.
    this.#plans.clear();
    await this.#layers.reset();
    await this.#shelf.empty();
  }

  async #make(kind: RootKind, paths: () => readonly string[], after: object): Promise<void> {
    const mounted = this.#mountedLayers();
    if (mounted.some(({ id }) => this.#mounted.get(id)?.kind === kind.key)) return;
    const [oldest] = mounted;
    if (oldest !== undefined && mounted.length >= maxMounted) await this.#unmount(oldest);
    const layer = this.#layers.borrow(({ id }) => !this.#mounted.has(id));
    if (layer === null) return;
    const { id, shelf } = layer;
    try {
      const { form, names } = this.#planFor(kind, shelf);
      const dressing = dressLayer(`${shelf}/${id}`, kind.attributes);
      if (dressing.length > 0) this.#native.change(dressing);
      const wanted = `${this.#paths.add(kind.key, paths()).join('\0')}\0`;
      const descriptors = await this.#native.openMounts(form.native, { values: [id], paths: wanted, after });
      this.#mounted.set(id, { kind: kind.key, form, names, descriptors });
    } finally {
      await this.#putBack(layer);
    }
  }

  /** The store may have been closed meanwhile. */
  async #putBack(layer: Layer): Promise<void> {
    if (this.#shelf.isOpen(layer)) this.#layers.putBack(layer);
    else await this.drop(layer.id);
  }

  #mountedLayers(): Layer[] {
    return this.#layers.items().filter(({ id }) => this.#mounted.has(id));
  }

  /** A layer that no start used with its mounts is as it was. */
  async #unmount({ id, shelf }: Layer): Promise<void> {
    const layer = this.#layers.borrow((other) => other.id === id);
    if (layer === null) return;
    await this.drop(id);
    await allowRemountAt(`${shelf}/${id}/work`);
    await this.#putBack(layer);
  }

  #planFor({ key, facts }: RootKind, shelf: string): MountsForm {
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const path = `${shelf}/${hole.id}`;
    const one = facts();
    const { plan, names } = mountsPlan({ ...one, root: { ...one.root, upper: `${path}/diff`, work: `${path}/work` } });
    const form = prepareForm(this.#native, plan, {});
    if (this.#plans.size >= maxMounted) this.#plans.clear();
    const made = { form, names };
    this.#plans.set(key, made);
    return made;
  }
}

/** How the mounts of a kind are made. */
interface MountsForm {
  readonly form: PreparedForm;
  readonly names: readonly TreeName[];
}

interface MountedRoot extends RootMounts, MountsForm {
  readonly kind: string;
}
