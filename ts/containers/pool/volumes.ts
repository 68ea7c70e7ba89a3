import { closeSync, constants, opendirSync, statSync } from 'node:fs';
import type { ResolvedImage } from '../../images/types.ts';
import { errorCode } from '../../store/system-error.ts';
import { prepareVolumes } from '../../volumes/prepare.ts';
import { readVolume } from '../../volumes/record.ts';
import { noteUse } from '../directory.ts';
import type { Runtime } from '../runtime.ts';
import type { ResolvedSource } from '../sources.ts';
import type { ImageView } from '../view.ts';
import type { VolumeNeed } from '../volume-needs.ts';

/** A volume as it was found before. The same inode born at another time is another directory. */
interface Known {
  readonly source: ResolvedSource;
  readonly born: bigint;
  /** It has got a copy of an image's content, and never gets one again. */
  readonly populated: boolean;
}

export interface BindRequest {
  /** ID of the container. */
  readonly container: string;
  readonly image: Pick<ResolvedImage, 'id'>;
  readonly view: ImageView;
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly signal?: AbortSignal | undefined;
}

/**
 * The volumes of the store that requests to a pool name. One that was used before is found again in some microseconds:
 * noted as used, its lock taken, its directory looked at.
 */
export class PoolVolumes {
  readonly #runtime: Runtime;
  readonly #known = new Map<string, Known>();
  /** Targets at which the image has no directory: a volume there stays empty. */
  readonly #lacking = new Set<string>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /**
   * Makes the volumes where they are missing, and gives their directories, by name.
   *
   * @throws RequestError as `prepareVolumes` does
   */
  async bind(needs: readonly VolumeNeed[], request: BindRequest): Promise<ReadonlyMap<string, ResolvedSource>> {
    const found = new Map<string, ResolvedSource>();
    const rest: VolumeNeed[] = [];
    for (const need of needs) {
      // Before the lock, as everywhere: whoever removes a volume looks for its users while it holds the lock.
      noteUse(this.#runtime.store, request.container, need.name);
      const source = this.#lookUp(need, request.owner);
      if (source === null) rest.push(need);
      else found.set(need.name, source);
    }
    if (rest.length > 0) await this.#prepare(rest, request, found);
    return found;
  }

  /** The directory of a volume that is as it was and needs nothing done to it; null otherwise. */
  #lookUp({ name, target, nocopy }: VolumeNeed, owner: BindRequest['owner']): ResolvedSource | null {
    const { store } = this.#runtime;
    const known = this.#known.get(name);
    if (known === undefined) return null;
    const { source, born, populated } = known;
    return store.withLock('volume', name, 'shared', () => {
      const facts = statSync(source.path, { bigint: true, throwIfNoEntry: false });
      if (facts === undefined || facts.birthtimeNs !== born) return null;
      if (facts.dev !== source.device || facts.ino !== source.inode) return null;
      const owned = facts.uid === BigInt(owner.uid) && facts.gid === BigInt(owner.gid);
      const settled = nocopy || populated || (owned && this.#lacking.has(target)) || !isEmpty(source.path);
      return settled ? source : null;
    });
  }

  async #prepare(
    needs: readonly VolumeNeed[],
    { container, image, view, owner, signal }: BindRequest,
    found: Map<string, ResolvedSource>,
  ): Promise<void> {
    const { store, volumes, containers } = this.#runtime;
    const users = async () => (await containers.uses()).volumes;
    const options = { container, view: view.open, owner, durable: false, signal };
    const prepared = await prepareVolumes(store, volumes, users, needs, options);
    for (const [index, { name, anonymous, mountpoint }] of prepared.volumes.entries()) {
      const facts = statSync(mountpoint, { bigint: true });
      const source = { path: mountpoint, device: facts.dev, inode: facts.ino, type: 'directory' } as const;
      found.set(name, source);
      if (anonymous) continue;
      const populated = (await readVolume(store, name))?.populated === true;
      this.#known.set(name, { source, born: facts.birthtimeNs, populated });
      const target = needs[index]?.target;
      if (!populated && target !== undefined && (await this.#lacks(image, view, target))) this.#lacking.add(target);
    }
  }

  /** Whether the image has no directory there. The host changes: of it nothing is remembered. */
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

function isEmpty(path: string): boolean {
  const directory = opendirSync(path, { bufferSize: 1 });
  try {
    return directory.readSync() === null;
  } finally {
    directory.closeSync();
  }
}
