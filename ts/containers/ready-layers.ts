import { chmodSync, chownSync, closeSync, existsSync, openSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { nextTurn } from '../launch/next-turn.ts';
import type { Change } from '../native/contract.ts';
import { atExit, notAtExit } from '../store/at-exit.ts';
import { newId } from '../store/id.ts';
import type { Staging } from '../store/staging.ts';
import type { Store } from '../store/store.ts';

/** How many layers lie ready at first, and at most, where more are asked for at once. With half of them left more are made. */
const wantedFirst = 16;
const wantedMost = 64;

/** A staging directory that this process holds, so that what a killed process had ready is swept by the next. */
interface Shelf {
  readonly staging: Staging;
  /** Layers that somebody took, and that lie there still. */
  readonly taken: Set<string>;
  /** Nothing comes to lie there any more: it goes with the last that was taken. */
  closed: boolean;
}

/**
 * Read-write layers made ahead, for programs that start more than one container: a start then needs two renames where
 * it needed six calls on a disk.
 */
export class ReadyLayers {
  readonly #store: Store;
  readonly #ready: string[] = [];
  readonly #roots = new Map<string, Stats>();
  /** The image that a layer which was lent has its owner and mode from. */
  readonly #dressed = new Map<string, string>();
  #shelf: Shelf | null = null;
  /** Where those that were taken lie. */
  readonly #shelves = new Map<string, Shelf>();
  #filling: Promise<void> | null = null;
  #clearing: Promise<void> = Promise.resolve();
  #asked = 0;
  #wanted = wantedFirst;
  /** Whether some have been made, so that none are left only where many are taken at once. */
  #made = false;

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
    if (this.#asked++ > 0 && this.#ready.length <= this.#wanted / 2) this.#fill();
    const wished = wishes.map((wish) => this.#ready.find(wish)).find((id) => id !== undefined);
    const taken = this.#pick(wished ?? this.#ready[0]);
    if (taken === null && this.#made) this.#wanted = Math.min(this.#wanted * 2, wantedMost);
    return taken;
  }

  /**
   * As `take`, only where one is as wished, and none otherwise: for those who can also do without.
   *
   * @param shelf as `shelf` was
   */
  takeOnly(shelf: string, wish: (id: string) => boolean): string | null {
    const fitting = this.#shelf?.staging.path === shelf ? this.#ready.find(wish) : undefined;
    return fitting === undefined ? null : this.take((id) => id === fitting);
  }

  /** Directory of those that lie ready; null before the first. */
  get shelf(): string | null {
    return this.#shelf?.staging.path ?? null;
  }

  /** Takes back what was not used; false when it is to go, because all was closed meanwhile. */
  giveBack(id: string): boolean {
    const open = this.#shelves.get(id)?.closed === false;
    this.placed(id);
    if (open) this.#ready.push(id);
    return open;
  }

  /** What `placement` gave has been done, or never will be. */
  placed(id: string): void {
    const shelf = this.#shelves.get(id);
    this.#shelves.delete(id);
    shelf?.taken.delete(id);
    if (shelf !== undefined) this.#clear(shelf);
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
    const path = this.#shelf?.staging.path;
    if (id === null || path === undefined) return null;
    const upper = `${path}/${id}/diff`;
    if (image !== undefined) this.#dress(id, upper, image);
    return { id, upper, work: `${path}/${id}/work` };
  }

  #pick(id: string | undefined): string | null {
    const shelf = this.#shelf;
    if (id === undefined || shelf === null) return null;
    this.#ready.splice(this.#ready.indexOf(id), 1);
    this.#shelves.set(id, shelf);
    shelf.taken.add(id);
    return id;
  }

  /**
   * What puts a layer that was taken into its place. Once that has been done, or has failed, `placed` is called.
   *
   * @param image directory of the image's uppermost layer: the union shows owner and mode of `/` from the read-write layer
   */
  placement(id: string, image: string | undefined): Change[] {
    const path = this.#shelves.get(id)?.staging.path;
    if (path === undefined) throw new Error('the layer was not taken from those made ahead');
    if (image !== undefined) this.#dress(id, `${path}/${id}/diff`, image);
    this.#dressed.delete(id);
    return placementFrom(this.#store, path, id);
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

  /** Removes what lies ready. Those that a start has taken go into their place all the same. */
  async close(): Promise<void> {
    await this.#filling;
    this.#asked = 0;
    this.#wanted = wantedFirst;
    this.#made = false;
    this.#ready.length = 0;
    const shelf = this.#shelf;
    this.#shelf = null;
    if (shelf !== null) {
      // Those in their place already, whose users hear of it only with the end of the application.
      for (const id of shelf.taken) if (!existsSync(`${shelf.staging.path}/${id}`)) shelf.taken.delete(id);
      shelf.closed = true;
      this.#clear(shelf);
    }
    await this.#clearing;
  }

  #clear({ closed, taken, staging }: Shelf): void {
    if (!closed || taken.size > 0) return;
    notAtExit(staging.discardNow);
    // What cannot be removed now, the next program sweeps.
    this.#clearing = Promise.all([this.#clearing, staging.discard().catch(() => {})]).then(() => {});
  }

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
    this.#filling ??= nextTurn()
      .then(() => this.#make())
      // A start makes its own layer then, and says what is wrong.
      .catch(() => {})
      .finally(() => {
        this.#filling = null;
      });
  }

  /**
   * They are made in a directory that begins in another part of the disk than the one before it, and stay there as they
   * move on: where layers come and go all the time in one place, ext4 without a journal looks for each new inode, those
   * that the kernel makes in the work directory too, among all that it may not use yet.
   */
  async #make(): Promise<void> {
    const { staging } = await this.#open();
    const { path } = staging;
    const ids = Array.from({ length: this.#wanted - this.#ready.length }, newId);
    const birthplace = join(path, newId());
    const { native } = this.#store;
    try {
      await native.changeLater([
        ['mkdir', birthplace, 0o700],
        ...ids.flatMap((id) => newLayer(join(birthplace, id), join(path, id))),
        ['rmdir', birthplace],
      ]);
    } catch (error) {
      // A full disk has room for some of them.
      const made = [birthplace, ...ids.map((id) => join(path, id))];
      await native.changeLater(made.map((directory): Change => ['remove', directory]));
      throw error;
    }
    this.#ready.push(...ids);
    this.#made = true;
  }

  async #open(): Promise<Shelf> {
    if (this.#shelf !== null) return this.#shelf;
    const staging = await this.#store.stage();
    // A program that ends without `close` leaves nothing either.
    atExit(staging.discardNow);
    this.#spread(staging.path);
    this.#shelf = { staging, taken: new Set(), closed: false };
    return this.#shelf;
  }

  #spread(path: string): void {
    const directory = openSync(path, 'r');
    this.#store.native.spreadSubdirectories(directory);
    closeSync(directory);
  }
}

/** What puts a layer that lies in a directory of those made ahead into its place. Pure. */
export function placementFrom(store: Store, shelf: string, id: string): Change[] {
  const layer = store.layerPath(id);
  return [
    ['rename', `${shelf}/${id}`, layer],
    ['rename', `${layer}/mnt`, store.mountPoint(id)],
  ];
}

function newLayer(birthplace: string, path: string): Change[] {
  return [
    ['mkdir', birthplace, 0o700],
    ['mkdir', join(birthplace, 'diff'), 0o755],
    ['mkdir', join(birthplace, 'work'), 0o700],
    ['mkdir', join(birthplace, 'mnt'), 0o700],
    ['rename', birthplace, path],
  ];
}
