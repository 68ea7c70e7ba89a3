import { join } from 'node:path';
import { RequestError } from '../errors/index.ts';
import type { Native } from '../native/contract.ts';
import { type Lock, tryLock } from '../store/lock.ts';

/** IDs that a container has to itself while it runs. */
export interface Range {
  /** IDs of the host that 0 stands for. */
  readonly first: { readonly user: number; readonly group: number };
  readonly size: number;
  /** Descriptor of a user namespace with these maps. */
  readonly descriptor: number;
}

/**
 * First ID of the ranges, above what accounts and /etc/subuid use. Podman's for `--userns=auto` are from 2^31 - 1 on, the
 * lowest first, and it does not know our locks.
 */
const firstId = 3 * 2 ** 30;
/** One more than the last ID of the ranges; the highest ones are no IDs in some file systems. */
const endOfIds = 2 ** 32 - 65536;
/** Ranges begin at multiples, so that those of one size meet no half of another. */
const step = 65536;

/** Ranges that are kept for the next containers. */
const maxKept = 16;

/**
 * Gives each container a range of IDs that no other running container of this machine has. A lock on a file of root's
 * run directory holds it; the kernel gives it back with the program, whose containers end too.
 */
export class Ranges {
  readonly #native: Native;
  /** Directory of the locks, the same for all stores of root. */
  readonly #directory: () => string;
  readonly #kept: Range[] = [];
  readonly #taken = new Set<Range>();
  /** Locks of the ranges that no other container has. */
  readonly #locks = new WeakMap<Range, readonly Lock[]>();
  #next = 0;
  #closed = false;

  /** @param directory asked when a range is taken, because a caller without a home has none */
  constructor(native: Native, directory: () => string) {
    this.#native = native;
    this.#directory = directory;
  }

  /** Takes a range of a size, which `release` gives back after the exit. */
  async take(size: number): Promise<Range> {
    const at = this.#kept.findIndex((range) => range.size === size);
    const [kept] = at < 0 ? [] : this.#kept.splice(at, 1);
    const range = kept ?? (await this.#makeOwn(size));
    this.#taken.add(range);
    return range;
  }

  /** A range that the caller chose: others may have it too. */
  async chosen(first: Range['first'], size: number): Promise<Range> {
    const range = await this.#make(first, size);
    this.#taken.add(range);
    return range;
  }

  /** Call when no process of the container is left. */
  release(range: Range): void {
    if (!this.#taken.delete(range)) return;
    if (this.#locks.has(range) && this.#kept.length < maxKept && !this.#closed) this.#kept.push(range);
    else this.#drop(range);
  }

  close(): void {
    this.#closed = true;
    for (const range of this.#kept.splice(0)) this.#drop(range);
  }

  #drop(range: Range): void {
    this.#native.closeSync(range.descriptor);
    for (const lock of this.#locks.get(range) ?? []) lock.releaseSync();
  }

  async #makeOwn(size: number): Promise<Range> {
    const { first, locks } = this.#lock(size);
    try {
      const range = await this.#make({ user: first, group: first }, size);
      this.#locks.set(range, locks);
      return range;
    } catch (error) {
      for (const lock of locks) lock.releaseSync();
      throw error;
    }
  }

  async #make(first: Range['first'], size: number): Promise<Range> {
    const descriptor = await this.#native.makeUserNamespace(`0 ${first.user} ${size}\n`, `0 ${first.group} ${size}\n`);
    return { first, size, descriptor };
  }

  /** Locks as many steps in a row as the size takes. */
  #lock(size: number): { first: number; locks: readonly Lock[] } {
    const steps = Math.ceil(size / step);
    const all = Math.floor((endOfIds - firstId) / step);
    for (let tried = 0; tried + steps <= all; tried += steps) {
      const at = (this.#next + tried) % (all - steps + 1);
      const locks = this.#tryLock(at, steps);
      if (locks === null) continue;
      this.#next = at + steps;
      return { first: firstId + at * step, locks };
    }
    throw new RequestError('ORLOP_E_INPUT', `there is no range of ${size} IDs left for a user namespace`, {
      hint: 'choose a smaller one: auto:size=SIZE, or name one: UID:GID:SIZE',
    });
  }

  /** Null if others have some of them. */
  #tryLock(at: number, steps: number): readonly Lock[] | null {
    const locks: Lock[] = [];
    try {
      while (locks.length < steps) {
        const path = join(this.#directory(), `${at + locks.length}.lock`);
        const lock = tryLock(this.#native, path, 'exclusive');
        if (lock === null) break;
        locks.push(lock);
      }
      if (locks.length === steps) return locks.splice(0);
      return null;
    } finally {
      for (const held of locks) held.releaseSync();
    }
  }
}
