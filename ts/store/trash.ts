import { renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Mode, Native } from '../native/contract.ts';
import { atExit, notAtExit } from './at-exit.ts';
import { newId } from './id.ts';
import { removeTree, type Staging } from './staging.ts';
import { errorCode } from './system-error.ts';

/**
 * Trees on their way out: their name is gone when `discard` resolves, the rest in the background, one at a time. They
 * lie in a staging directory that this process holds, so what a killed process did not get to is swept by the next.
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

  /** Takes a tree out of its place, if it is there. */
  async discard(path: string): Promise<void> {
    if (this.#mode === 'command' && (await this.#removedNow(path))) return;
    const staging = await this.#open().catch(async (error: unknown) => {
      // A full disk has no room for a directory either; this makes some.
      if (await this.#removedNow(path)) return null;
      throw error;
    });
    if (staging === null) return;
    const name = newId();
    try {
      // Synchronous: one rename is cheaper than its way through a thread.
      renameSync(path, join(staging.path, name));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      return;
    }
    // What cannot be removed now, the next command tries again.
    this.#work = this.#work.then(() => removeTree(this.#native, staging.path, name)).catch(() => {});
  }

  /** In its place: until that has succeeded its container's record is there, which leads the next command to the rest. */
  async #removedNow(path: string): Promise<boolean> {
    return removeTree(this.#native, dirname(path), basename(path)).then(
      () => true,
      () => false,
    );
  }

  /** Directory for trees that others rename into it and remove; null until there is one, which this sees to. */
  directory(): string | null {
    if (this.#opened !== null) return this.#opened.path;
    if (this.#mode === 'command') return null;
    // Whoever discards a tree in the other way hears what is wrong.
    this.#open().catch(() => {});
    return null;
  }

  #open(): Promise<Staging> {
    this.#staging ??= this.#begin().then(
      (staging) => {
        this.#opened = staging;
        atExit(staging.discardNow);
        return staging;
      },
      (error: unknown) => {
        this.#staging = null;
        throw error;
      },
    );
    return this.#staging;
  }

  /** Resolves when all that was discarded is removed. */
  async empty(): Promise<void> {
    const staging = this.#staging;
    if (staging === null) return;
    this.#staging = null;
    this.#opened = null;
    await this.#work;
    // Where there was no room for it, nothing lies in it.
    const opened = await staging.catch(() => null);
    if (opened === null) return;
    notAtExit(opened.discardNow);
    await opened.discard();
  }
}
