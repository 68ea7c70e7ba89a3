import { constants, existsSync } from 'node:fs';
import { mkdir, open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mode, Native } from '../native/contract.ts';
import { explaining } from './explain.ts';
import { fileNameFor } from './file-name.ts';
import { type Lock, type LockMode, type LockOptions, tryLock, waitForLock, waitToWrite } from './lock.ts';
import { checkOwnership } from './ownership.ts';
import { findPlaces, type Places } from './places.ts';
import { occupyRunDirectory } from './run-directory.ts';
import { type Staging, StagingArea } from './staging.ts';
import { Trash } from './trash.ts';

/** Kind of a locked object. Code that takes several locks takes them in this order, those of one kind sorted by ID. */
export type LockKind = 'store' | 'image' | 'volume' | 'container';

export interface StoreOptions {
  /** Directory of the store; see `chooseRoot`. */
  readonly root?: string | undefined;
  /** Directory for locks and for records that a reboot may delete; see `chooseRun`. */
  readonly run?: string | undefined;
  /** What `findPlaces` found for them. Default: looked for here. */
  readonly places?: Places | undefined;
  readonly native: Native;
  /** Default `program`. */
  readonly mode?: Mode | undefined;
}

/**
 * File name of a lock. Image references have slashes, and names of volumes may be as long as a file name, so both are
 * encoded. The ID of a container is used as is, because it may be a hole of a prepared start.
 */
function lockFileName(kind: LockKind, id: string): string {
  return `${kind === 'container' ? id : fileNameFor(id)}.lock`;
}

/** Directories of orlop's state, and the locks on the objects in them. */
export class Store {
  readonly root: string;
  readonly run: string;
  readonly native: Native;
  readonly mode: Mode;
  readonly #staging: StagingArea;
  readonly #trash: Trash;
  #interrupted = false;
  /** Shared lock of an open store; null if only this store uses its run directory. */
  readonly #use: Lock | null;

  private constructor(root: string, run: string, { native, mode = 'program' }: StoreOptions, use: Lock | null) {
    this.#use = use;
    this.root = root;
    this.run = run;
    this.native = native;
    this.mode = mode;
    this.#staging = new StagingArea(native, this.stagingPath, join(run, 'locks', 'staging'));
    this.#trash = new Trash(native, mode, () => this.#staging.begin());
  }

  /**
   * Opens the store, creates it if it is missing, and removes what dead processes left unfinished.
   *
   * @throws RequestError ORLOP_E_STORE
   */
  static async open(options: StoreOptions): Promise<Store> {
    const { native } = options;
    const { root, run, shared } = await (options.places ?? findPlaces(options));
    const use = shared ? await occupyRunDirectory(native, run, root) : null;
    try {
      const store = new Store(root, await realpath(run), options, use);
      await store.#layOut();
      await checkOwnership(root, native.rights);
      store.#interrupted = await store.#staging.sweep();
      return store;
    } catch (error) {
      await use?.release();
      return explaining({ root, run })(error);
    }
  }

  /** True if `open` has found what a killed process was building or removing: it may have left more in its place. */
  get interrupted(): boolean {
    return this.#interrupted;
  }

  async #layOut(): Promise<void> {
    const directories = [
      join(this.blobsPath, 'sha256'),
      this.tagsPath,
      this.layersPath,
      this.mntPath,
      this.containersPath,
      this.volumesPath,
      this.stagingPath,
      this.ephemeralPath,
      join(this.run, 'locks'),
    ];
    const missing = directories.filter((path) => !existsSync(path));
    await Promise.all(missing.map((path) => mkdir(path, { recursive: true, mode: 0o700 })));
    if (missing.includes(this.stagingPath)) await this.#spreadStaging();
  }

  /**
   * Spreads staging directories over the disk. A layer has thousands of files. Next to a recently removed layer, ext4
   * without a journal searches for each new inode among the blocked ones, which takes longer than everything else.
   */
  async #spreadStaging(): Promise<void> {
    const directory = await open(this.stagingPath, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      this.native.spreadSubdirectories(directory.fd);
    } finally {
      await directory.close();
    }
  }

  /** Content-addressed blobs of images, `blobs/sha256/<hex>`. */
  get blobsPath(): string {
    return join(this.root, 'blobs');
  }

  blobPath(hex: string): string {
    return join(this.blobsPath, 'sha256', hex);
  }

  /** Records of images, `images/<hex>.json`. */
  get imagesPath(): string {
    return join(this.root, 'images');
  }

  /** Records of the names of images. */
  get tagsPath(): string {
    return join(this.imagesPath, 'tags');
  }

  /** Layers: `layers/<id>/diff`, and beside it `work` for a container's read-write layer. */
  get layersPath(): string {
    return `${this.root}/layers`;
  }

  /** Mount points of the root filesystems, `mnt/<id>`. Always empty in the host's view. */
  get mntPath(): string {
    return `${this.root}/mnt`;
  }

  /** Records of durable containers. */
  get containersPath(): string {
    return join(this.root, 'containers');
  }

  /** Records of ephemeral containers: those of foreground `--rm` commands and of programs. */
  get ephemeralPath(): string {
    return `${this.run}/containers`;
  }

  get volumesPath(): string {
    return join(this.root, 'volumes');
  }

  get stagingPath(): string {
    return join(this.root, 'staging');
  }

  layerPath(id: string): string {
    return `${this.layersPath}/${id}`;
  }

  diffPath(id: string): string {
    return `${this.layersPath}/${id}/diff`;
  }

  workPath(id: string): string {
    return `${this.layersPath}/${id}/work`;
  }

  mountPoint(id: string): string {
    return `${this.mntPath}/${id}`;
  }

  volumePath(name: string): string {
    return join(this.volumesPath, name);
  }

  /** Directory of a volume that containers mount. */
  volumeData(name: string): string {
    return join(this.volumesPath, name, '_data');
  }

  /** Makes a staging directory on the file system of the root. */
  stage(): Promise<Staging> {
    return this.#staging.begin();
  }

  /**
   * Removes a tree below the root in the background. Resolves when the tree is renamed away; `settle` waits for the
   * removal.
   */
  discard(path: string): Promise<void> {
    return this.#trash.discard(path);
  }

  /** Directory to rename trees below the root into, for removal; null until it exists. */
  trash(): string | null {
    return this.#trash.directory();
  }

  /** Resolves when all discarded trees are removed. */
  settle(): Promise<void> {
    return this.#trash.empty();
  }

  /** Settles, then releases the lock of the open store. */
  async close(): Promise<void> {
    await this.settle();
    await this.#use?.release();
  }

  /** Removes a tree below the root. It is renamed first; after a crash, the next command removes the rest. */
  remove(path: string): Promise<void> {
    return this.#staging.remove(path);
  }

  /**
   * Waits for a lock on an object. An agreed ID stands for all objects of a kind.
   *
   * @throws RequestError ORLOP_E_TIMEOUT, ORLOP_E_ABORTED
   */
  lock(kind: LockKind, id: string, mode: LockMode, options?: LockOptions): Promise<Lock> {
    return waitForLock(this.native, this.lockFile(kind, id), mode, `${kind} ${id}`, options);
  }

  /**
   * Waits for an exclusive lock that others hold shared all the time: they let this caller go first.
   *
   * @throws RequestError ORLOP_E_TIMEOUT, ORLOP_E_ABORTED
   */
  lockToWrite(kind: LockKind, id: string, options?: LockOptions): ReturnType<typeof waitToWrite> {
    return waitToWrite(this.native, this.lockFile(kind, id), `${kind} ${id}`, options);
  }

  /** Takes the lock; null if another holder has it. */
  async tryLock(kind: LockKind, id: string, mode: LockMode): Promise<Lock | null> {
    return tryLock(this.native, this.lockFile(kind, id), mode);
  }

  /**
   * Runs some microseconds of synchronous work under a lock.
   *
   * @returns null if another holder has the lock
   */
  withLock<Result>(kind: LockKind, id: string, mode: LockMode, work: () => Result): Result | null {
    const lock = tryLock(this.native, this.lockFile(kind, id), mode);
    if (lock === null) return null;
    try {
      return work();
    } finally {
      lock.releaseSync();
    }
  }

  /** True if the lock was taken since it was retired. Cheaper than taking it. */
  isLockKnown(kind: LockKind, id: string): boolean {
    return existsSync(this.lockFile(kind, id));
  }

  /** Path of a lock file. */
  lockFile(kind: LockKind, id: string): string {
    return `${this.run}/locks/${kind}/${lockFileName(kind, id)}`;
  }
}
