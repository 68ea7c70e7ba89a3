import type { ResolvedImage } from '../images/types.ts';
import { features } from '../launch/features.ts';
import type { Native } from '../native/contract.ts';
import { encodePlan } from '../plan/encode.ts';
import type { StartFacts } from '../plan/facts.ts';
import { PlanTemplate } from '../plan/template.ts';
import { treesPlan } from '../plan/trees.ts';
import type { TreeName } from '../plan/types.ts';
import type { RunRequest } from '../request/types.ts';
import { errorCode } from '../store/system-error.ts';
import { allowRemountAt } from './layer.ts';
import { candidatesOf } from './process.ts';
import type { ReadyLayers } from './ready-layers.ts';
import { RecentPaths } from './recent-paths.ts';
import type { ContainerRecord } from './record.ts';

/** Trees made ahead for a start with a certain read-write layer. */
export interface ReadyTrees {
  readonly names: readonly TreeName[];
  /** In the order of the names; whoever takes them closes them. */
  readonly descriptors: readonly number[];
}

interface Kept extends ReadyTrees {
  readonly kind: string;
}

/**
 * Equal for containers whose trees are equal but for the read-write layer in them. The mounts of a request are not part
 * of it: where one stands in the place of a tree, that tree is not attached, and one that is missing the start makes.
 * Pure.
 */
export function treesKind({ shmSize }: RunRequest, image: ResolvedImage): string {
  let kind = kinds.get(image);
  if (kind === undefined) {
    const { layers, generation, hidden } = image;
    kind = JSON.stringify([layers, generation, hidden]);
    kinds.set(image, kind);
  }
  return `${shmSize} ${kind}`;
}

/** The part that is the image's. */
const kinds = new WeakMap<ResolvedImage, string>();

const everybodys = ['/proc', '/dev', '/sys', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

/**
 * What a start of the container looks up in its root filesystem. The first look at a name asks each layer of the image
 * for it, so those are taken before the next start like it. Pure.
 */
export function pathsIn({ request, process, volumes }: ContainerRecord): string[] {
  const targets = [...request.mounts, ...volumes, ...request.tmpfs].map(({ target }) => target);
  return [...everybodys, ...targets, process.cwd, ...candidatesOf(process)];
}

/** How many layers that lie ready have trees: for programs that start so many kinds of containers by turns. */
const mostSpare = 8;

/**
 * The union and the default mounts of the next start, made while the last one runs: on a disk, the union alone is a
 * third of a start. They are detached, so the host sees nothing of them, and the kernel takes them away with the program.
 *
 * Only for containers that end with the program: no other may mount the same read-write layer meanwhile.
 */
export class TreesAhead {
  readonly #native: Native;
  readonly #layers: ReadyLayers;
  /** By the layer that is in the union. */
  readonly #kept = new Map<string, Kept>();
  readonly #templates = new Map<string, { readonly template: PlanTemplate; readonly names: readonly TreeName[] }>();
  readonly #paths = new RecentPaths(mostSpare);
  #making: Promise<void> | null = null;
  #refused = false;

  constructor(native: Native, layers: ReadyLayers) {
    this.#native = native;
    this.#layers = layers;
  }

  /** Whether there are trees of this kind with this layer in them. */
  fits(layer: string, kind: string): boolean {
    return this.#kept.get(layer)?.kind === kind;
  }

  /** Whether there are these trees, with this layer in one of them. */
  shows(layer: string, names: readonly TreeName[] | undefined): boolean {
    const kept = this.#kept.get(layer);
    return kept !== undefined && names !== undefined && kept.names.join() === names.join();
  }

  /** Whether there are trees with this layer in them. */
  has(layer: string): boolean {
    return this.#kept.has(layer);
  }

  /** The trees with this layer in them, for its start; null when there are none. */
  take(layer: string): ReadyTrees | null {
    const kept = this.#kept.get(layer) ?? null;
    this.#kept.delete(layer);
    return kept;
  }

  /** The layer is to be removed. */
  async drop(layer: string): Promise<void> {
    await Promise.all((this.take(layer)?.descriptors ?? []).map((tree) => this.#native.close(tree)));
  }

  /**
   * Makes trees for the next start like one that is being made.
   *
   * @param kind equal for starts whose trees are equal
   * @param image directory of the image's uppermost layer
   * @param facts of that start
   * @param paths that it looks up in the root filesystem; the next one may be like one of those before it, too
   * @param launch the token of its launch, which goes first
   */
  makeNext(
    kind: string,
    image: string | undefined,
    facts: () => StartFacts,
    paths: () => readonly string[],
    launch: object,
  ): void {
    if (this.#refused || this.#making !== null) return;
    this.#making = this.#make(kind, image, facts, paths, launch)
      // Each start makes its own then, or says there what is wrong.
      .catch((error: unknown) => {
        this.#templates.clear();
        this.#refused = ['EPERM', 'ENOSYS'].includes(errorCode(error) ?? '');
      })
      .finally(() => {
        this.#making = null;
      });
  }

  /** Lets go of what no container has taken: an image whose layers are in it is to be removed. */
  async forget(): Promise<void> {
    await this.#making;
    for (const id of this.#spare()) await this.#takeBack(id);
  }

  async close(): Promise<void> {
    await this.#making;
    for (const layer of [...this.#kept.keys()]) await this.drop(layer);
    // The layers of another time will lie elsewhere.
    this.#templates.clear();
  }

  async #make(
    kind: string,
    image: string | undefined,
    facts: () => StartFacts,
    paths: () => readonly string[],
    launch: object,
  ): Promise<void> {
    const spare = this.#spare();
    if (spare.some((id) => this.fits(id, kind))) return;
    const [oldest] = spare;
    if (oldest !== undefined && spare.length >= mostSpare) await this.#takeBack(oldest);
    const layer = this.#layers.lend((id) => !this.#kept.has(id), image);
    if (layer === null) return;
    try {
      const { bytes, names } = this.#planFor(kind, layer, facts);
      const wanted = `${this.#paths.add(kind, paths()).join('\0')}\0`;
      const descriptors = await this.#native.openTrees(bytes, features(this.#native), wanted, launch);
      this.#kept.set(layer.id, { kind, names, descriptors });
    } finally {
      // The store may have been closed meanwhile.
      if (!this.#layers.giveBack(layer.id)) await this.drop(layer.id);
    }
  }

  #spare(): string[] {
    return this.#layers.ids().filter((id) => this.#kept.has(id));
  }

  /** A layer that nobody used with its trees is as it was. */
  async #takeBack(id: string): Promise<void> {
    const layer = this.#layers.lend((other) => other === id);
    if (layer === null) return;
    await this.drop(id);
    await allowRemountAt(layer.work);
    this.#layers.giveBack(id);
  }

  #planFor(kind: string, layer: { id: string; upper: string; work: string }, facts: () => StartFacts) {
    const known = this.#templates.get(kind);
    if (known !== undefined) return { bytes: known.template.encodeFor(layer.id), names: known.names };
    const like = facts();
    const { upper, work } = layer;
    const { plan, names } = treesPlan({ ...like, root: { ...like.root, upper, work } });
    const bytes = encodePlan(plan);
    if (this.#templates.size >= mostSpare) this.#templates.clear();
    this.#templates.set(kind, { template: new PlanTemplate(bytes, layer.id), names });
    return { bytes, names };
  }
}
