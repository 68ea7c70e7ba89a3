import { constants, existsSync } from 'node:fs';
import { mkdir, open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mode, Native } from '../native/contract.ts';
import { privateDirectory } from './directory.ts';
import { fileNameFor } from './file-name.ts';
import { homeDirectory } from './home.ts';
import { type Lock, type LockMode, type LockOptions, tryLock, waitForLock } from './lock.ts';
import { explainingNoSpace } from './no-space.ts';
import { chooseRoot, chooseRun, type RootFacts } from './roots.ts';
import { occupyRunDirectory } from './run-directory.ts';
import { type Staging, StagingArea } from './staging.ts';
import { Trash } from './trash.ts';

/** What a lock protects. Whoever takes several takes them in this order, and several of one kind sorted by their ID. */
export type LockKind = 'store' | 'image' | 'volume' | 'container';

export interface StoreOptions {
  /** Directory of the store; see `chooseRoot`. */
  readonly root?: string | undefined;
  /** Directory of locks and of records that a reboot may lose; see `chooseRun`. */
  readonly run?: string | undefined;
  readonly native: Native;
  /** Default `program`. */
  readonly mode?: Mode | undefined;
}

/**
 * Image references hold slashes, and a volume's name may be as long as a file's. What is locked of a container is named by
 * its ID, which may be a hole.
 */
function lockFileName(kind: LockKind, id: string): string {
  return `${kind === 'container' ? id : fileNameFor(id)}.lock`;
}

/** The directories that orlop keeps its state in, and the locks on what is in them. */
export class Store {
  readonly root: string;
  readonly run: string;
  readonly native: Native;
  readonly mode: Mode;
  readonly #staging: StagingArea;
  readonly #trash: Trash;
  /** That it is open; null where its run directory is nobody else's. */
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
   * Opens the store, makes it where it is missing, and removes what dead processes left half-built.
   *
   * @throws RequestError ORLOP_E_STORE
   */
  static async open(options: StoreOptions): Promise<Store> {
    const { root, run, native } = options;
    const facts: RootFacts = {
      env: process.env,
      uid: process.geteuid?.() ?? 0,
      get home() {
        return homeDirectory();
      },
      cwd: process.cwd(),
    };
    const chosen = chooseRoot(root, facts);
    await privateDirectory(chosen);
    const real = await realpath(chosen);
    const runDirectories = chooseRun(run, real, facts);
    for (const directory of runDirectories) await privateDirectory(directory, 'run');
    const directory = runDirectories.at(-1) ?? '';
    const use = runDirectories.length > 1 ? await occupyRunDirectory(native, directory, real) : null;
    try {
      const store = new Store(real, await realpath(directory), options, use);
      await store.#layOut();
      await store.#staging.sweep();
      return store;
    } catch (error) {
      await use?.release();
      return explainingNoSpace({ root: real, run: directory })(error);
    }
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
   * A layer has thousands of files. Beside the place where another was removed a moment ago, ext4 without a journal
   * looks for each new inode among all that it may not use yet, which takes longer than all the rest.
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

  /** Records of their names. */
  get tagsPath(): string {
    return join(this.imagesPath, 'tags');
  }

  /** Layers: `layers/<id>/diff`, and `work` beside it for a container's read-write layer. */
  get layersPath(): string {
    return `${this.root}/layers`;
  }

  /** Mount points of the unions, `mnt/<id>`; always empty as the host sees them. */
  get mntPath(): string {
    return `${this.root}/mnt`;
  }

  /** Durable records of containers. */
  get containersPath(): string {
    return join(this.root, 'containers');
  }

  /** Records of foreground `--rm` and in-process containers. */
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

  /** The directory of a volume that is mounted into containers. */
  volumeData(name: string): string {
    return join(this.volumesPath, name, '_data');
  }

  /** A new directory to build something in, on the file system of the root. */
  stage(): Promise<Staging> {
    return this.#staging.begin();
  }

  /** Removes a tree below the root in the background: its name is gone when this resolves; `settle` waits for the rest. */
  discard(path: string): Promise<void> {
    return this.#trash.discard(path);
  }

  /** Directory that a tree below the root may be renamed into, to be removed there; null until there is one. */
  trash(): string | null {
    return this.#trash.directory();
  }

  /** Resolves when all that was discarded is removed. */
  settle(): Promise<void> {
    return this.#trash.empty();
  }

  /** Settles, and says that the store is open no more. */
  async close(): Promise<void> {
    await this.settle();
    await this.#use?.release();
  }

  /** Removes a tree below the root: gone by name at once, and swept by the next command after a crash. */
  remove(path: string): Promise<void> {
    return this.#staging.remove(path);
  }

  /**
   * Waits for a lock on one object, or on all of a kind by an agreed ID.
   *
   * @throws RequestError ORLOP_E_TIMEOUT, ORLOP_E_ABORTED
   */
  lock(kind: LockKind, id: string, mode: LockMode, options?: LockOptions): Promise<Lock> {
    return waitForLock(this.native, this.lockFile(kind, id), mode, `${kind} ${id}`, options);
  }

  /** The lock, or null when another holds it. */
  async tryLock(kind: LockKind, id: string, mode: LockMode): Promise<Lock | null> {
    return tryLock(this.native, this.lockFile(kind, id), mode);
  }

  /**
   * Does some microseconds' work while it holds a lock, without a turn of the event loop.
   *
   * @returns null when another holds it
   */
  withLock<Result>(kind: LockKind, id: string, mode: LockMode, work: () => Result): Result | null {
    const lock = tryLock(this.native, this.lockFile(kind, id), mode);
    if (lock === null) return null;
    try {
      return work();
    } finally {
      lock.releaseNow();
    }
  }

  /** Whether anybody has taken this lock since it was retired; costs less than taking it. */
  isLockKnown(kind: LockKind, id: string): boolean {
    return existsSync(this.lockFile(kind, id));
  }

  /** The file of a lock. */
  lockFile(kind: LockKind, id: string): string {
    return `${this.run}/locks/${kind}/${lockFileName(kind, id)}`;
  }
}
