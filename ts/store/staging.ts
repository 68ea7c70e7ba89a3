import { constants } from 'node:fs';
import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Native } from '../native/contract.ts';
import { syncDirectory } from './durable.ts';
import { newId } from './id.ts';
import { type Lock, tryLock } from './lock.ts';
import { errorCode } from './system-error.ts';

/** A directory that is being built. Disposing of it without `commit` removes it. */
export interface Staging extends AsyncDisposable {
  readonly path: string;
  /**
   * Renames it into its place; false when another has built the same there already (this one is then removed). With
   * `durable` the content has reached the disk before the name does.
   */
  commit(destination: string, options: { durable: boolean }): Promise<boolean>;
  /** Removes it. */
  discard(): Promise<void>;
  /** Removes it at once, at the end of the program, when nothing can be waited for. */
  discardNow(): void;
}

/**
 * Building and removing of directory trees, complete or not at all: a tree is built under a temporary name and renamed,
 * and removed the other way round. The maker holds the lock of the name; whoever finds a name whose lock is free knows
 * that its maker is dead.
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

  /** A new empty directory, mode 0700, on the file system of the store. */
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

  /** Removes a tree of the store: its name is gone at once, and a crash in the middle leaves nothing in its place. */
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

  /** Removes what dead processes left. */
  async sweep(): Promise<void> {
    // A maker that died between lock and directory left only the lock's file.
    const locks = await readdir(this.#locks).catch((): string[] => []);
    const ids = new Set([...(await readdir(this.#path)), ...locks.map((name) => basename(name, '.lock'))]);
    for (const id of ids) {
      const lock = await tryLock(this.#native, this.#lockFile(id), 'exclusive');
      if (lock === null) continue;
      try {
        await removeTree(this.#native, this.#path, id);
      } finally {
        await lock.retire();
      }
    }
  }

  async #name(): Promise<{ id: string; lock: Lock }> {
    for (;;) {
      const id = newId();
      // Before the directory is there: otherwise a sweep between the two would take it for a dead process's. Null when
      // a sweep is looking at the lock's file, which it then removes.
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
      discardNow: () => {
        if (!present) return;
        present = false;
        try {
          this.#native.change([
            ['remove', path],
            ['unlink', this.#lockFile(basename(path))],
          ]);
        } catch {
          // The next program sweeps it.
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

/** Removes `parent/name` and all below it. */
export async function removeTree(native: Native, parent: string, name: string): Promise<void> {
  const directory = await open(parent, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await native.removeTree(directory.fd, name);
  } finally {
    await directory.close();
  }
}

/** Writes the file system of a directory to the disk: one syncfs(2) is cheaper than one fsync(2) for each file. */
export async function syncTree(native: Native, path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await native.syncfs(directory.fd);
  } finally {
    await directory.close();
  }
}
