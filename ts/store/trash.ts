import { existsSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Mode, Native } from '../native/contract.ts';
import { atExit, notAtExit } from './at-exit.ts';
import { newId } from './id.ts';
import { removeTree, type Staging } from './staging.ts';
import { errorCode, isLauncherGone } from './system-error.ts';

/**
 * Trees to remove in the background, one at a time. They are renamed away when `discard` resolves. They lie in a
 * staging directory that this process locks, so the next process sweeps what a killed process left.
 */
export class Trash {
  readonly #native: Native;
  readonly #mode: Mode;
  readonly #begin: () => Promise<Staging>;
  #staging: Promise<Staging> | null = null;
  #opened: Staging | null = null;
  #work: Promise<void> = Promise.resolve();

  constructor(native: Native, mode: Mode, begin: () => Promise<Staging>) {
    this.#native = native;
    this.#mode = mode;
    this.#begin = begin;
  }

  /** Renames a tree away, if it exists, and removes it in the background. */
  async discard(path: string): Promise<void> {
    if (this.#mode === 'command' && (await this.#removedNow(path))) return;
    const staging = await this.#open().catch(async (error: unknown) => {
      // A full disk has no space for a staging directory: remove the tree in place, which frees some.
      if (await this.#removedNow(path)) return null;
      throw error;
    });
    if (staging === null) return;
    const name = newId();
    try {
      // Synchronous, because one rename is faster than passing it to a thread.
      renameSync(path, join(staging.path, name));
    } catch (error) {
      // Only the tree may be missing. Without the staging directory, the tree stays, and the caller must get the error.
      if (errorCode(error) !== 'ENOENT' || existsSync(path)) throw error;
      return;
    }
    // The next command retries a failed removal.
    this.#work = this.#work.then(() => removeTree(this.#native, staging.path, name)).catch(() => {});
  }

  /** Removes a tree in place. Until this succeeds, its container's record leads the next command to the rest. */
  async #removedNow(path: string): Promise<boolean> {
    return removeTree(this.#native, dirname(path), basename(path)).then(
      () => true,
      () => false,
    );
  }

  /** Directory to rename trees into, for removal. If there is none, returns null and starts making it. */
  directory(): string | null {
    if (this.#opened !== null) return this.#opened.path;
    if (this.#mode === 'command') return null;
    // `discard` reports the error.
    this.#open().catch(() => {});
    return null;
  }

  #open(): Promise<Staging> {
    this.#staging ??= this.#begin().then(
      (staging) => {
        this.#opened = staging;
        atExit(staging.discardSync);
        return staging;
      },
      (error: unknown) => {
        this.#staging = null;
        throw error;
      },
    );
    return this.#staging;
  }

  /** Resolves when all discarded trees are removed. */
  async empty(): Promise<void> {
    const staging = this.#staging;
    if (staging === null) return;
    this.#staging = null;
    this.#opened = null;
    await this.#work;
    // Without space for a staging directory, nothing was renamed into it.
    const opened = await staging.catch(() => null);
    if (opened === null) return;
    notAtExit(opened.discardSync);
    await opened.discard().catch((error: unknown) => {
      // The next open removes what is left.
      if (!isLauncherGone(error)) throw error;
    });
  }
}
