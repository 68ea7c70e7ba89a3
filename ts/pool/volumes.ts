import { closeSync, constants, statSync } from 'node:fs';
import type { Runtime } from '../containers/runtime.ts';
import type { ResolvedImage } from '../images/types.ts';
import { inside } from '../native/ids.ts';
import { noteUse } from '../record/files.ts';
import { ImageView } from '../resolve/image-view.ts';
import type { ResolvedSource } from '../resolve/sources.ts';
import type { VolumeNeed } from '../resolve/volume-needs.ts';
import { errorCode } from '../store/system-error.ts';
import { isEmptySync } from '../volumes/empty.ts';
import { prepareVolumes } from '../volumes/prepare.ts';
import { readVolume } from '../volumes/record.ts';

/** A volume as it was found before. An inode with another time of birth is another directory. */
interface Known {
  readonly source: ResolvedSource;
  /** Nanoseconds since the epoch. */
  readonly born: bigint;
  /** The volume has got a copy of an image's content, and gets no other. */
  readonly populated: boolean;
}

export interface BindRequest {
  /** ID of the container. */
  readonly container: string;
  readonly image: ResolvedImage;
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly signal?: AbortSignal | undefined;
}

/**
 * Volumes of the store for requests to a pool. A volume that was used before is found again in microseconds, by noting
 * its use, taking its lock and a stat of its directory.
 */
export class PoolVolumes {
  readonly #runtime: Runtime;
  readonly #known = new Map<string, Known>();
  /** Images and targets at which they have no directory: a volume there stays empty. */
  readonly #lacking = new Set<string>();
  readonly #preparing = new Map<string, Promise<ResolvedSource>>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /**
   * Makes missing volumes and gives the directories of all, by name.
   *
   * @throws RequestError as `prepareVolumes` does
   */
  async bind(needs: readonly VolumeNeed[], request: BindRequest): Promise<ReadonlyMap<string, ResolvedSource>> {
    const found = new Map<string, ResolvedSource>();
    for (const need of needs) {
      // Before the lock: a removal of the volume looks for its users under the lock.
      noteUse(this.#runtime.store, request.container, need.name);
      const source = this.#tryLookUp(need, request) ?? (await this.#find(need, request));
      found.set(need.name, source);
    }
    return found;
  }

  /** Looks up a volume in this tick; null if its lock is not free, or the volume needs preparation. */
  #tryLookUp(need: VolumeNeed, request: BindRequest): ResolvedSource | null {
    if (!this.#known.has(need.name)) return null;
    return this.#runtime.store.withLock('volume', need.name, 'shared', () => this.#lookUp(need, request));
  }

  /** Directory of a known volume that needs no preparation; null otherwise. The caller holds the lock. */
  #lookUp({ name, target, nocopy }: VolumeNeed, { image, owner }: BindRequest): ResolvedSource | null {
    const known = this.#known.get(name);
    if (known === undefined) return null;
    const { source, born, populated } = known;
    const facts = statSync(source.path, { bigint: true, throwIfNoEntry: false });
    if (facts === undefined || facts.birthtimeNs !== born) return null;
    if (facts.dev !== source.device || facts.ino !== source.inode) return null;
    const { users, groups } = this.#runtime.native.rights;
    const owned = inside(users, Number(facts.uid)) === owner.uid && inside(groups, Number(facts.gid)) === owner.gid;
    const lacks = owned && this.#lacking.has(placeOf(image, target));
    return nocopy || populated || lacks || !isEmptySync(source.path) ? source : null;
  }

  /**
   * Prepares a volume by one request, for which the others wait: in parallel, each would hold the lock that the next
   * one needs to see that nothing is left to do.
   */
  async #find(need: VolumeNeed, request: BindRequest): Promise<ResolvedSource> {
    const { name } = need;
    for (let other = this.#preparing.get(name); other !== undefined; other = this.#preparing.get(name)) {
      await other.catch(() => {});
      const source = await this.#lookUpLocked(need, request);
      if (source !== null) return source;
    }
    const preparing = this.#prepare(need, request);
    this.#preparing.set(name, preparing);
    try {
      return await preparing;
    } finally {
      this.#preparing.delete(name);
    }
  }

  async #lookUpLocked(need: VolumeNeed, request: BindRequest): Promise<ResolvedSource | null> {
    const { signal } = request;
    await using _lock = await this.#runtime.store.lock('volume', need.name, 'shared', { signal });
    return this.#lookUp(need, request);
  }

  async #prepare(need: VolumeNeed, request: BindRequest): Promise<ResolvedSource> {
    const { store, volumes, containers } = this.#runtime;
    const { container, image, owner, signal } = request;
    await using view = ImageView.ofImage(this.#runtime.native, image);
    const known = this.#known.has(need.name) ? await this.#lookUpLocked(need, request) : null;
    if (known !== null) return known;
    const users = async () => (await containers.uses()).volumes;
    const options = { container, view: view.open, owner, durable: false, signal };
    await prepareVolumes(store, volumes, users, [need], options);
    const path = store.volumeData(need.name);
    const facts = statSync(path, { bigint: true });
    const source = { path, device: facts.dev, inode: facts.ino, type: 'directory' } as const;
    if (need.anonymous) return source;
    const populated = (await readVolume(store, need.name))?.populated === true;
    if (!populated && (await this.#lacks(image, view, need.target))) this.#lacking.add(placeOf(image, need.target));
    this.#known.set(need.name, { source, born: facts.birthtimeNs, populated });
    return source;
  }

  /** True if the image has no directory at the target. False for image `host`, which may change. */
  async #lacks({ id }: BindRequest['image'], view: ImageView, target: string): Promise<boolean> {
    if (id === 'host') return false;
    try {
      const flags = constants.O_RDONLY | constants.O_DIRECTORY;
      closeSync(await this.#runtime.native.openInRoot(await view.open(), target, flags));
      return false;
    } catch (error) {
      return errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR';
    }
  }
}

/** Key of a target in an image. */
function placeOf({ id }: ResolvedImage, target: string): string {
  return `${id} ${target}`;
}
