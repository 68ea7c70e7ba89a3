import { closeSync, existsSync, openSync } from 'node:fs';
import type { Change } from '../native/contract.ts';
import { atExit, notAtExit } from '../store/at-exit.ts';
import { newId } from '../store/id.ts';
import type { Staging } from '../store/staging.ts';
import type { Store } from '../store/store.ts';
import { nextTickPace } from './pace.ts';
import { Prefetch, type Supplier } from './prefetch.ts';

/** A read-write layer that was made ahead. */
export interface Layer {
  /** ID of the layer, and with it of its container. */
  readonly id: string;
  /** Directory that the layer is in. */
  readonly shelf: string;
}

/** Layers of a program that starts many at once. */
const size = 16;
const maxSize = 64;

/**
 * Read-write layers made ahead, for programs that start more than one container: a start then needs two renames where
 * it needed six calls on a disk. The first container of a program, often its only one, has nothing made ahead for others.
 */
export function prefetchLayers(shelf: Shelf): Prefetch<Layer> {
  return new Prefetch(
    { size, maxSize, lowWater: 0.5, atOnce: 1, each: 'all', patience: 1, pace: nextTickPace() },
    shelf,
  );
}

/**
 * A staging directory in which layers are made, so that those of a killed process are swept by the next. When it is
 * emptied, layers that a start has taken are still moved out of it: it goes with the last of them.
 */
export class Shelf implements Supplier<Layer> {
  readonly #store: Store;
  #staging: Staging | null = null;
  /** Staging directories of layers that were taken, and have not been moved yet. */
  readonly #taken = new Map<string, Staging>();
  #clearing: Promise<void> = Promise.resolve();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * The layers are made in a directory that begins in another part of the disk than the one before it, and stay there as
   * they are moved: where layers come and go all the time in one place, ext4 without a journal looks for each new inode,
   * those that the kernel makes in the work directory too, among all that it may not use yet.
   */
  async make(count: number): Promise<readonly Layer[]> {
    const { path: shelf } = await this.#open();
    const layers = Array.from({ length: count }, () => ({ id: newId(), shelf }));
    const birthplace = `${shelf}/${newId()}`;
    const { native } = this.#store;
    try {
      await native.changeLater([
        ['mkdir', birthplace, 0o700],
        ...layers.flatMap(({ id }): Change[] => [
          ['layer', `${birthplace}/${id}`],
          ['rename', `${birthplace}/${id}`, `${shelf}/${id}`],
        ]),
        ['rmdir', birthplace],
      ]);
    } catch (error) {
      // A full disk has room for some of them. A start makes its own layer then, and its error says what is wrong.
      const made = [birthplace, ...layers.map(({ id }) => `${shelf}/${id}`)];
      await native.changeLater(made.map((directory): Change => ['remove', directory]));
      throw error;
    }
    return layers;
  }

  /** It goes with its directory. */
  async drop(): Promise<void> {}

  /** A layer was taken: its directory stays until the layer is moved. */
  take({ id }: Layer): void {
    if (this.#staging !== null) this.#taken.set(id, this.#staging);
  }

  /** A layer that was taken has been moved, or never will be. */
  moved(id: string): void {
    const staging = this.#taken.get(id);
    this.#taken.delete(id);
    if (staging !== undefined && staging !== this.#staging) this.#clear(staging);
  }

  /** Whether the layers of a directory can still be put back. */
  isOpen({ shelf }: Layer): boolean {
    return this.#staging?.path === shelf;
  }

  /** Removes the directory, as soon as no layer is in use. */
  async empty(): Promise<void> {
    const staging = this.#staging;
    this.#staging = null;
    if (staging !== null) {
      // A run that collects its output reports only its end: its layer may have been moved before.
      for (const [id, from] of this.#taken) {
        if (from === staging && !existsSync(`${staging.path}/${id}`)) this.#taken.delete(id);
      }
      this.#clear(staging);
    }
    await this.#clearing;
  }

  #clear(staging: Staging): void {
    if ([...this.#taken.values()].includes(staging)) return;
    notAtExit(staging.discardNow);
    // What cannot be removed now, the next program sweeps.
    this.#clearing = Promise.all([this.#clearing, staging.discard().catch(() => {})]).then(() => {});
  }

  async #open(): Promise<Staging> {
    if (this.#staging !== null) return this.#staging;
    const staging = await this.#store.stage();
    // A program that ends without `close` leaves nothing either.
    atExit(staging.discardNow);
    const directory = openSync(staging.path, 'r');
    this.#store.native.spreadSubdirectories(directory);
    closeSync(directory);
    this.#staging = staging;
    return staging;
  }
}
