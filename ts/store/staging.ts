import { constants } from 'node:fs';
import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Native } from '../native/contract.ts';
import { syncDirectory } from './durable.ts';
import { newId } from './id.ts';
import { type Lock, tryLock } from './lock.ts';
import { errorCode } from './system-error.ts';

/** A directory under construction. Disposing of it without `commit` removes it. */
export interface Staging extends AsyncDisposable {
  readonly path: string;
  /**
   * Renames it to its destination. False if another process has built the same directory there; then this one is
   * removed. With `durable`, the content is on disk before the rename.
   */
  commit(destination: string, options: { durable: boolean }): Promise<boolean>;
  /** Removes the directory. */
  discard(): Promise<void>;
  /** Removes the directory synchronously, at the exit of the program. */
  discardSync(): void;
}

/**
 * Builds and removes directory trees, complete or not at all: a tree is built under a temporary name and renamed; a
 * removal renames first. The process holds the lock of the temporary name. A free lock means that the process is dead.
 */
export class StagingArea {
  readonly #native: Native;
  readonly #path: string;
  readonly #locks: string;

  constructor(native: Native, path: string, locks: string) {
    this.#native = native;
    this.#path = path;
    this.#locks = locks;
  }

  /** Makes an empty directory, mode 0700, on the file system of the store. */
  async begin(): Promise<Staging> {
    const { id, lock } = await this.#name();
    const path = join(this.#path, id);
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (error) {
      await lock.retire();
      throw error;
    }
    return this.#staging(path, lock);
  }

  /** Removes a tree of the store. It is renamed first, so that a crash leaves nothing in its place. */
  async remove(path: string): Promise<void> {
    const { id, lock } = await this.#name();
    try {
      await rename(path, join(this.#path, id));
      await removeTree(this.#native, this.#path, id);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    } finally {
      await lock.retire();
    }
  }

  /** Removes what dead processes left. False if there was nothing. */
  async sweep(): Promise<boolean> {
    let found = false;
    // A process that died between lock and mkdir left only the lock file.
    const locks = await readdir(this.#locks).catch((): string[] => []);
    const ids = new Set([...(await readdir(this.#path)), ...locks.map((name) => basename(name, '.lock'))]);
    for (const id of ids) {
      const lock = await tryLock(this.#native, this.#lockFile(id), 'exclusive');
      if (lock === null) continue;
      found = true;
      try {
        await removeTree(this.#native, this.#path, id);
      } finally {
        await lock.retire();
      }
    }
    return found;
  }

  async #name(): Promise<{ id: string; lock: Lock }> {
    for (;;) {
      const id = newId();
      // Lock before mkdir: otherwise a sweep in between would remove the directory. Null if a sweep has just locked the
      // file, which it then removes.
      const lock = await tryLock(this.#native, this.#lockFile(id), 'exclusive');
      if (lock !== null) return { id, lock };
    }
  }

  #lockFile(id: string): string {
    return join(this.#locks, `${id}.lock`);
  }

  #staging(path: string, lock: Lock): Staging {
    let present = true;
    const discard = async (): Promise<void> => {
      if (!present) return;
      present = false;
      try {
        await removeTree(this.#native, this.#path, basename(path));
      } finally {
        await lock.retire();
      }
    };
    return {
      path,
      discard,
      discardSync: () => {
        if (!present) return;
        present = false;
        try {
          this.#native.change([
            ['remove', path],
            ['unlink', this.#lockFile(basename(path))],
          ]);
        } catch {
          // The next program sweeps the directory.
        }
      },
      [Symbol.asyncDispose]: discard,
      commit: async (destination, { durable }) => {
        if (durable) await syncTree(this.#native, path);
        try {
          await rename(path, destination);
        } catch (error) {
          if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
          await discard();
          return false;
        }
        present = false;
        await lock.retire();
        if (durable) await syncDirectory(dirname(destination));
        return true;
      },
    };
  }
}

/** Removes `parent/name` and everything below it. */
export async function removeTree(native: Native, parent: string, name: string): Promise<void> {
  const directory = await open(parent, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await native.removeTree(directory.fd, name);
  } finally {
    await directory.close();
  }
}

/** Syncs the file system of a directory: one syncfs(2) is cheaper than one fsync(2) per file. */
export async function syncTree(native: Native, path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await native.syncfs(directory.fd);
  } finally {
    await directory.close();
  }
}
