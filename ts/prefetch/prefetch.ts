import { RequestError } from '../errors/index.ts';
import { aborted } from '../launch/abort.ts';
import type { Pace } from './pace.ts';

/** Makes and drops the items of a `Prefetch`. */
export interface Supplier<Item> {
  /**
   * Makes items.
   *
   * @param count upper bound; at least one is made
   */
  make(count: number): Promise<readonly Item[]>;
  /** Disposes of an item that was not taken. */
  drop(item: Item): Promise<void>;
  /** Resolves when a waiting item has become useless. Left out: never. */
  spoiled?(item: Item): Promise<void>;
  /** True if no item can be made after this failure. Left out: always false. */
  refused?(error: unknown): boolean;
}

export interface PrefetchOptions {
  /** Number of waiting items. */
  readonly size: number;
  /** Upper bound of `size`, which doubles when no item is left. Default: `size` stays. */
  readonly maxSize?: number | undefined;
  /** Part of `size` from 0 to 1 at or below which items are made. Default 1: after each taken item. */
  readonly lowWater?: number | undefined;
  /** Maximal number of concurrent calls of the supplier. */
  readonly atOnce: number;
  /** Number of items per call of the supplier: one, or all that are missing. */
  readonly each: 'one' | 'all';
  /** Number of first requests that make no item. */
  readonly skipFirst: number;
  readonly pace: Pace;
}

interface Waiter<Item> {
  resolve(item: Item): void;
  reject(error: unknown): void;
}

/**
 * Items that are made before they are needed. A taker gets the oldest waiting item, or waits for the next. Each item is
 * given once.
 */
export class Prefetch<Item> {
  readonly #supplier: Supplier<Item>;
  readonly #options: PrefetchOptions;
  readonly #ready: Item[] = [];
  readonly #waiters: Waiter<Item>[] = [];
  readonly #making = new Set<Promise<void>>();
  readonly #dropping = new Set<Promise<void>>();
  #size: number;
  /** Number of items that calls of the supplier are making. */
  #coming = 0;
  #asked = 0;
  #filling: Waiter<void> | null = null;
  #closed = false;
  #refused = false;
  /** Number of items that failed or were spoiled since the last request. */
  #failures = 0;

  constructor(options: PrefetchOptions, supplier: Supplier<Item>) {
    this.#options = options;
    this.#size = options.size;
    this.#supplier = supplier;
  }

  get size(): number {
    return this.#size;
  }

  get ready(): number {
    return this.#ready.length;
  }

  get making(): number {
    return this.#coming;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Waiting items, oldest first. */
  items(): readonly Item[] {
    return this.#ready;
  }

  /** Resolves when all items are made; rejects with the error of the first item that fails. */
  fill(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#filling = { resolve, reject };
      this.#failures = 0;
      this.refill();
    });
  }

  /**
   * Takes an item, or waits for one.
   *
   * @throws RequestError ORLOP_E_CLOSED, ORLOP_E_ABORTED, and the error of the supplier
   */
  take(signal?: AbortSignal): Item | Promise<Item> {
    this.requireOpen();
    return this.tryTake() ?? this.#wait(signal);
  }

  /**
   * Takes a waiting item; null if there is none. The pace decides when it is replaced.
   *
   * @param wishes conditions on the item: one that meets the first is preferred; default: any item
   */
  tryTake(...wishes: readonly ((item: Item) => boolean)[]): Item | null {
    if (this.#closed) return null;
    this.#failures = 0;
    const item = wishes.length === 0 ? (this.#ready.shift() ?? null) : this.borrow(...wishes);
    this.#asked++;
    if (this.#asked <= this.#options.skipFirst) return item;
    const { maxSize = this.#size, pace } = this.#options;
    if (item === null && this.#asked > this.#options.skipFirst + this.#size)
      this.#size = Math.min(this.#size * 2, maxSize);
    if (this.#isLow()) pace.soon(this.refill, this.#ready.length * 2 <= this.#size);
    return item;
  }

  /** Takes an item that will be put back, and is not replaced. */
  borrow(...wishes: readonly ((item: Item) => boolean)[]): Item | null {
    for (const wish of wishes) {
      const at = this.#ready.findIndex(wish);
      if (at >= 0) return this.#ready.splice(at, 1)[0] ?? null;
    }
    return null;
  }

  /** Puts a borrowed item back. */
  putBack(item: Item): void {
    this.#give(item);
  }

  #isLow(): boolean {
    const { lowWater = 1 } = this.#options;
    return this.#ready.length + this.#coming <= this.#size * lowWater;
  }

  /** Makes the missing items in the background. */
  readonly refill = (): void => {
    const { atOnce, each } = this.#options;
    for (;;) {
      const missing = this.#size + this.#waiters.length - this.#ready.length - this.#coming;
      const able = !this.#closed && !this.#refused && this.#failures <= this.#size;
      if (!able || this.#making.size >= atOnce || missing <= 0) return;
      const count = each === 'one' ? 1 : missing;
      this.#coming += count;
      const making = this.#make(count).finally(() => {
        this.#coming -= count;
        this.#making.delete(making);
        if (this.#waiters.length > 0 || this.#isLow()) this.refill();
      });
      this.#making.add(making);
    }
  };

  /** @throws RequestError ORLOP_E_CLOSED */
  requireOpen(): void {
    if (this.#closed) throw closed();
  }

  /** Rejects waiting takers and drops waiting items. Taken items stay their takers'. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.pace.stop();
    this.#filled()?.reject(closed());
    for (const waiter of this.#waiters.splice(0)) waiter.reject(closed());
    for (const item of this.#ready.splice(0)) this.#drop(item);
    await Promise.all(this.#making);
    await Promise.all(this.#dropping);
  }

  /** Closes, and returns to the initial state. */
  async reset(): Promise<void> {
    await this.close();
    this.#asked = 0;
    this.#size = this.#options.size;
    this.#failures = 0;
    this.#closed = false;
  }

  #wait(signal: AbortSignal | undefined): Promise<Item> {
    return new Promise<Item>((resolve, reject) => {
      const waiter: Waiter<Item> = {
        resolve(item) {
          signal?.removeEventListener('abort', leave);
          resolve(item);
        },
        reject(error) {
          signal?.removeEventListener('abort', leave);
          reject(error);
        },
      };
      const leave = () => {
        const at = this.#waiters.indexOf(waiter);
        if (at >= 0) this.#waiters.splice(at, 1);
        if (signal !== undefined) waiter.reject(aborted(signal));
      };
      if (signal?.aborted) return leave();
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiters.push(waiter);
      this.refill();
    });
  }

  async #make(count: number): Promise<void> {
    try {
      for (const item of await this.#supplier.make(count)) this.#give(item);
    } catch (error) {
      this.#refused = this.#supplier.refused?.(error) ?? false;
      this.#filled()?.reject(error);
      this.#waiters.shift()?.reject(error);
      // Each waiting taker gets the error of one failure. Without takers, the next request tries again.
      this.#failures = this.#waiters.length > 0 ? 0 : this.#size + 1;
    }
  }

  #give(item: Item): void {
    const waiter = this.#waiters.shift();
    if (this.#closed) this.#drop(item);
    else if (waiter !== undefined) waiter.resolve(item);
    else this.#keep(item);
  }

  #keep(item: Item): void {
    this.#ready.push(item);
    if (this.#ready.length >= this.#size) this.#filled()?.resolve();
    this.#supplier.spoiled?.(item).then(
      () => this.#remove(item),
      () => this.#remove(item),
    );
  }

  #filled(): Waiter<void> | null {
    const filling = this.#filling;
    this.#filling = null;
    return filling;
  }

  #remove(item: Item): void {
    const at = this.#ready.indexOf(item);
    if (at < 0) return;
    this.#ready.splice(at, 1);
    this.#failures++;
    this.#drop(item);
    this.refill();
  }

  #drop(item: Item): void {
    const dropping = this.#supplier
      .drop(item)
      .catch(() => {})
      .finally(() => this.#dropping.delete(dropping));
    this.#dropping.add(dropping);
  }
}

function closed(): RequestError {
  return new RequestError('ORLOP_E_CLOSED', 'the pool is closed', { hint: 'open another one' });
}
