import { RequestError } from '../errors/index.ts';
import { aborted } from '../launch/abort.ts';
import type { Pace } from './pace.ts';

/** Makes what is prefetched. */
export interface Supplier<Item> {
  /**
   * Makes items.
   *
   * @param count how many are wanted: at least one is made, and no more than these
   */
  make(count: number): Promise<readonly Item[]>;
  /** Lets go of an item that was not taken. */
  drop(item: Item): Promise<void>;
  /** Resolves when an item that waits is of no use any more. Left out: never. */
  spoiled?(item: Item): Promise<void>;
  /** Whether a failure means that no item can ever be made. Left out: it never does. */
  refused?(error: unknown): boolean;
}

export interface PrefetchOptions {
  /** How many items wait. */
  readonly size: number;
  /** Where none is left, the size doubles, up to this. Default: it stays. */
  readonly maxSize?: number | undefined;
  /** Items are made again when this part of them or less is left; default 1, so after each that was taken. */
  readonly lowWater?: number | undefined;
  /** Calls of the supplier at the same time: more would only take the processors from each other. */
  readonly atOnce: number;
  /** Each call of the supplier makes one item, or all that are wanted. */
  readonly each: 'one' | 'all';
  /** How many items may be asked for before any is made. */
  readonly patience: number;
  readonly pace: Pace;
}

interface Waiter<Item> {
  resolve(item: Item): void;
  reject(error: unknown): void;
}

/**
 * Items that are made before they are needed. A taker gets the one that waits for the longest, or waits for the next; each
 * is given once.
 */
export class Prefetch<Item> {
  readonly #supplier: Supplier<Item>;
  readonly #options: PrefetchOptions;
  readonly #ready: Item[] = [];
  readonly #waiters: Waiter<Item>[] = [];
  readonly #making = new Set<Promise<void>>();
  readonly #dropping = new Set<Promise<void>>();
  #size: number;
  /** Items that calls of the supplier are to make. */
  #coming = 0;
  #asked = 0;
  #filling: Waiter<void> | null = null;
  #closed = false;
  #refused = false;
  /** Items that could not be made or were spoiled since the last that was asked for. */
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

  /** Items that wait, the oldest first. */
  items(): readonly Item[] {
    return this.#ready;
  }

  /** Resolves when all items have been made; rejects with the error of the first that cannot be made. */
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
   * @throws RequestError ORLOP_E_CLOSED, ORLOP_E_ABORTED, and what keeps an item from being made
   */
  take(signal?: AbortSignal): Item | Promise<Item> {
    this.requireOpen();
    return this.takeNow() ?? this.#wait(signal);
  }

  /**
   * Takes an item that waits; null where there is none. Others are made in its place, as the pace has it.
   *
   * @param wishes which items are taken, those of the first wish before those of the second; default: any
   */
  takeNow(...wishes: readonly ((item: Item) => boolean)[]): Item | null {
    if (this.#closed) return null;
    this.#failures = 0;
    const item = wishes.length === 0 ? (this.#ready.shift() ?? null) : this.borrow(...wishes);
    this.#asked++;
    if (this.#asked <= this.#options.patience) return item;
    const { maxSize = this.#size, pace } = this.#options;
    if (item === null && this.#asked > this.#options.patience + this.#size)
      this.#size = Math.min(this.#size * 2, maxSize);
    if (this.#isLow()) pace.soon(this.refill, this.#ready.length * 2 <= this.#size);
    return item;
  }

  /** Takes an item that is put back: no other is made in its place. */
  borrow(...wishes: readonly ((item: Item) => boolean)[]): Item | null {
    for (const wish of wishes) {
      const at = this.#ready.findIndex(wish);
      if (at >= 0) return this.#ready.splice(at, 1)[0] ?? null;
    }
    return null;
  }

  /** Puts an item back that was not used. */
  putBack(item: Item): void {
    this.#give(item);
  }

  #isLow(): boolean {
    const { lowWater = 1 } = this.#options;
    return this.#ready.length + this.#coming <= this.#size * lowWater;
  }

  /** Makes the items that are missing, in the background. */
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

  /** Rejects those that wait, and drops the items that wait. An item that was taken is not its concern. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.pace.stop();
    this.#filled()?.reject(closed());
    for (const waiter of this.#waiters.splice(0)) waiter.reject(closed());
    for (const item of this.#ready.splice(0)) this.#drop(item);
    await Promise.all(this.#making);
    await Promise.all(this.#dropping);
  }

  /** The same, to be used again as if it were new. */
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
      // Those that wait are told why. With none left, the next that asks makes it try again.
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
