import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, type Stats, statSync } from 'node:fs';
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
  /** The image that a layer which was lent has its owner and mode from. */
  readonly #dressed = new Map<string, string>();
  #staging: Promise<Staging> | null = null;
  #opened: Staging | null = null;
  #filling: Promise<void> | null = null;
  #asked = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * ID of a layer that is ready, and with it of its container; null when there is none.
   *
   * @param wishes which layers are taken before others, the first wish before the second
   */
  take(...wishes: readonly ((id: string) => boolean)[]): string | null {
    // The first container of a program, often its only one, has nothing made ahead for others.
    if (this.#asked++ > 0) this.#fill();
    const wished = wishes.map((wish) => this.#ready.find(wish)).find((id) => id !== undefined);
    return this.#pick(wished ?? this.#ready[0]);
  }

  /** Takes back what was not used. */
  giveBack(id: string): void {
    this.#ready.push(id);
  }

  /** Layers that are ready. */
  ids(): readonly string[] {
    return [...this.#ready];
  }

  /**
   * Takes a layer to be given back, with where it lies meanwhile; null when none is wanted or ready.
   *
   * @param image as for `place`, which does it otherwise
   */
  lend(wanted: (id: string) => boolean, image?: string): { id: string; upper: string; work: string } | null {
    const id = this.#pick(this.#ready.find(wanted));
    const path = this.#opened?.path;
    if (id === null || path === undefined) return null;
    const upper = join(path, id, 'diff');
    if (image !== undefined) this.#dress(id, upper, image);
    return { id, upper, work: join(path, id, 'work') };
  }

  #pick(id: string | undefined): string | null {
    if (id === undefined) return null;
    this.#ready.splice(this.#ready.indexOf(id), 1);
    return id;
  }

  /**
   * Puts a layer that was taken into its place.
   *
   * @param image directory of the image's uppermost layer: the union shows owner and mode of `/` from the read-write layer
   */
  place(id: string, image: string | undefined): void {
    const path = this.#opened?.path;
    if (path === undefined) throw new Error('no layer was made ahead');
    renameSync(join(path, id), this.#store.layerPath(id));
    mkdirSync(this.#store.mountPoint(id), { mode: 0o700 });
    if (image !== undefined) this.#dress(id, this.#store.diffPath(id), image);
    this.#dressed.delete(id);
  }

  /** Gives the upper directory the owner and mode of an image's root directory. */
  #dress(id: string, upper: string, image: string): void {
    const before = this.#dressed.get(id);
    if (before === image) return;
    const root = this.#rootOf(image);
    const plain = before === undefined;
    if (!plain || root.uid !== 0 || root.gid !== 0) chownSync(upper, root.uid, root.gid);
    if (!plain || (root.mode & 0o7777) !== 0o755) chmodSync(upper, root.mode & 0o7777);
    this.#dressed.set(id, image);
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
        // Nobody but the kernel has put anything into it, when it was mounted with trees made ahead.
        rmSync(join(staging.path, id), { recursive: true });
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
