import { chmodSync, chownSync, mkdirSync, renameSync, rmdirSync, type Stats, statSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { atExit, notAtExit } from '../store/at-exit.ts';
import { newId } from '../store/id.ts';
import type { Staging } from '../store/staging.ts';
import type { Store } from '../store/store.ts';

/** How many layers lie ready. A start takes one, and another is made while the kernel works. */
const wanted = 8;

/**
 * Read-write layers made ahead, for programs that start more than one container: a start then needs two renames where
 * it needed six calls on a disk. They lie in a staging directory that this process holds, so what a killed process had
 * ready is swept by the next.
 */
export class ReadyLayers {
  readonly #store: Store;
  readonly #ready: string[] = [];
  readonly #roots = new Map<string, Stats>();
  #staging: Promise<Staging> | null = null;
  #opened: Staging | null = null;
  #filling: Promise<void> | null = null;
  #asked = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** ID of a layer that is ready, and with it of its container; null when there is none. */
  take(): string | null {
    // The first container of a program, often its only one, has nothing made ahead for others.
    if (this.#asked++ > 0) this.#fill();
    return this.#ready.shift() ?? null;
  }

  /** Takes back what was not used. */
  giveBack(id: string): void {
    this.#ready.push(id);
  }

  /**
   * Puts a layer that was taken into its place.
   *
   * @param image directory of the image's uppermost layer: the union shows owner and mode of `/` from the read-write layer
   */
  place(id: string, image: string | undefined): void {
    const path = this.#opened?.path;
    if (path === undefined) throw new Error('no layer was made ahead');
    const root = image === undefined ? null : this.#rootOf(image);
    const upper = this.#store.diffPath(id);
    renameSync(join(path, id), this.#store.layerPath(id));
    mkdirSync(this.#store.mountPoint(id), { mode: 0o700 });
    if (root === null) return;
    if (root.uid !== 0 || root.gid !== 0) chownSync(upper, root.uid, root.gid);
    if ((root.mode & 0o7777) !== 0o755) chmodSync(upper, root.mode & 0o7777);
  }

  /** Removes what lies ready. */
  async close(): Promise<void> {
    await this.#filling;
    this.#asked = 0;
    this.#ready.length = 0;
    const staging = this.#staging;
    this.#staging = null;
    this.#opened = null;
    notAtExit(this.#atExit);
    await (await staging)?.discard();
  }

  /** A program that ends without `close` leaves nothing either, as far as that can be done at once. */
  readonly #atExit = (): void => {
    const staging = this.#opened;
    if (staging === null) return;
    try {
      for (const id of this.#ready) {
        for (const name of ['diff', 'work', '']) rmdirSync(join(staging.path, id, name));
      }
    } catch {
      // The next program sweeps it.
    }
    staging.discardEmpty();
  };

  /** Layers of images never change. */
  #rootOf(image: string): Stats {
    let facts = this.#roots.get(image);
    if (facts === undefined || image === '/') {
      facts = statSync(image);
      this.#roots.set(image, facts);
    }
    return facts;
  }

  #fill(): void {
    this.#filling ??= this.#make()
      // A start makes its own layer then, and says what is wrong.
      .catch(() => {})
      .finally(() => {
        this.#filling = null;
      });
  }

  #open(): Promise<Staging> {
    this.#staging ??= this.#store.stage().then((staging) => {
      this.#opened = staging;
      atExit(this.#atExit);
      return staging;
    });
    return this.#staging;
  }

  async #make(): Promise<void> {
    const { path } = await this.#open();
    while (this.#ready.length < wanted) {
      const id = newId();
      const layer = join(path, id);
      await mkdir(layer, { mode: 0o700 });
      await mkdir(join(layer, 'diff'));
      await chmod(join(layer, 'diff'), 0o755);
      await mkdir(join(layer, 'work'), { mode: 0o700 });
      this.#ready.push(id);
    }
  }
}
