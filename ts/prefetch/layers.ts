import { closeSync, existsSync, openSync } from 'node:fs';
import type { Change } from '../native/contract.ts';
import { atExit, notAtExit } from '../store/at-exit.ts';
import { newId } from '../store/id.ts';
import type { Staging } from '../store/staging.ts';
import type { Store } from '../store/store.ts';
import { nextTickPace } from './pace.ts';
import { Prefetch, type Supplier } from './prefetch.ts';

/** A prefetched read-write layer. */
export interface Layer {
  /** ID of the layer, and with it of its container. */
  readonly id: string;
  /** Path of the directory that the layer is in. */
  readonly stagingDirectory: string;
}

/** Number of prefetched layers, which grows for a program that starts many containers at once. */
const size = 16;
const maxSize = 64;

/**
 * Prefetches read-write layers, for programs that start more than one container: a start then makes two renames instead
 * of six system calls on the disk. The first container of a program, often the only one, prefetches nothing.
 */
export function prefetchLayers(staging: LayerStaging): Prefetch<Layer> {
  return new Prefetch(
    { size, maxSize, lowWater: 0.5, atOnce: 1, each: 'all', skipFirst: 1, pace: nextTickPace() },
    staging,
  );
}

/**
 * Makes layers in a staging directory, so that the next process sweeps those of a killed one. `empty` keeps the
 * directory until the last taken layer is moved out of it.
 */
export class LayerStaging implements Supplier<Layer> {
  readonly #store: Store;
  #staging: Staging | null = null;
  /** Staging directories of layers that were taken and not released yet, by the layer's ID. */
  readonly #taken = new Map<string, Staging>();
  #clearing: Promise<void> = Promise.resolve();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Makes layers in a new directory, which ext4 puts into another part of the disk than the one before; a rename leaves
   * the inodes there. If layers were made and removed in one part all the time, ext4 without a journal would search for
   * each new inode among all recently freed ones, for those of the kernel in the work directory too.
   */
  async make(count: number): Promise<readonly Layer[]> {
    const { path: stagingDirectory } = await this.#open();
    const layers = Array.from({ length: count }, () => ({ id: newId(), stagingDirectory }));
    const birthplace = `${stagingDirectory}/${newId()}`;
    const { native } = this.#store;
    try {
      await native.changeLater([
        ['mkdir', birthplace, 0o700],
        ...layers.flatMap(({ id }): Change[] => [
          ['layer', `${birthplace}/${id}`],
          ['rename', `${birthplace}/${id}`, `${stagingDirectory}/${id}`],
        ]),
        ['rmdir', birthplace],
      ]);
    } catch (error) {
      // A full disk may have room for some of them. The next start makes its own layer, and its error tells the cause.
      const made = [birthplace, ...layers.map(({ id }) => `${stagingDirectory}/${id}`)];
      await native.changeLater(made.map((directory): Change => ['remove', directory]));
      throw error;
    }
    return layers;
  }

  /** Does nothing: the layer is removed with its directory. */
  async drop(): Promise<void> {}

  /** Keeps the directory of a taken layer until `release`. */
  take({ id }: Layer): void {
    if (this.#staging !== null) this.#taken.set(id, this.#staging);
  }

  /** Releases the directory of a taken layer: a start has moved the layer, or has failed. */
  release(id: string): void {
    const staging = this.#taken.get(id);
    this.#taken.delete(id);
    if (staging !== undefined && staging !== this.#staging) this.#clear(staging);
  }

  /** Removes a taken layer that no start has moved. */
  async discard(id: string): Promise<void> {
    const staging = this.#taken.get(id);
    if (staging !== undefined) await this.#store.native.changeLater([['remove', `${staging.path}/${id}`]]);
  }

  /** True while a layer can be put back: its directory has not been emptied. */
  isOpen({ stagingDirectory }: Layer): boolean {
    return this.#staging?.path === stagingDirectory;
  }

  /** Removes the directory as soon as no layer of it is taken. */
  async empty(): Promise<void> {
    const staging = this.#staging;
    this.#staging = null;
    if (staging !== null) {
      // A run that collects output reports start and exit together, so its layer may have been moved already.
      for (const [id, from] of this.#taken) {
        if (from === staging && !existsSync(`${staging.path}/${id}`)) this.#taken.delete(id);
      }
      this.#clear(staging);
    }
    await this.#clearing;
  }

  #clear(staging: Staging): void {
    if ([...this.#taken.values()].includes(staging)) return;
    notAtExit(staging.discardSync);
    // If the removal fails, the next program sweeps the directory.
    this.#clearing = Promise.all([this.#clearing, staging.discard().catch(() => {})]).then(() => {});
  }

  async #open(): Promise<Staging> {
    if (this.#staging !== null) return this.#staging;
    const staging = await this.#store.stage();
    // For a program that exits without `close`.
    atExit(staging.discardSync);
    const directory = openSync(staging.path, 'r');
    this.#store.native.spreadSubdirectories(directory);
    closeSync(directory);
    this.#staging = staging;
    return staging;
  }
}
