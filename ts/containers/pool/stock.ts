import { RequestError } from '../../errors/index.ts';

/** What a stock is made of. */
export interface Supplier<Item> {
  make(): Promise<Item>;
  /** Lets go of one that nobody took. */
  drop(item: Item): Promise<void>;
  /** Resolves when one that waits is no good any more. */
  spoiled(item: Item): Promise<void>;
}

interface Waiter<Item> {
  resolve(item: Item): void;
  reject(error: unknown): void;
}

type Filling = Waiter<void>;

/**
 * Milliseconds until those are made again that were taken. Making one takes the processors, and the kernel's lock on
 * mounts, from whoever was given one: while there are enough it waits for a pause, and otherwise for a start to be over.
 */
const pause = 10;
const afterStart = 2;

/** How many are made at once: more would only take the processors from each other. */
const mostAtOnce = 4;

/**
 * A number of things made ahead. Whoever takes one gets the one that waits for the longest, or waits for the next; each
 * is given once.
 */
export class Stock<Item> {
  readonly size: number;
  readonly #supplier: Supplier<Item>;
  readonly #ready: Item[] = [];
  readonly #waiters: Waiter<Item>[] = [];
  readonly #making = new Set<Promise<void>>();
  readonly #dropping = new Set<Promise<void>>();
  #filling: Filling | null = null;
  #soon: { readonly timer: NodeJS.Timeout; readonly low: boolean } | null = null;
  #closed = false;
  /** Those that could not be made or went bad since the last that was of use: a stock that nobody asks gives up. */
  #failures = 0;

  constructor(size: number, supplier: Supplier<Item>) {
    this.size = size;
    this.#supplier = supplier;
  }

  get ready(): number {
    return this.#ready.length;
  }

  get making(): number {
    return this.#making.size;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** @throws RequestError ORLOP_E_CLOSED */
  requireOpen(): void {
    if (this.#closed) throw closed();
  }

  /** Resolves when the stock has been full; rejects with the error of the first that cannot be made. */
  fill(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#filling = { resolve, reject };
      this.#failures = 0;
      this.refill();
    });
  }

  /**
   * Takes one, or waits for one. Another is made in its place, after a pause.
   *
   * @throws RequestError ORLOP_E_CLOSED, ORLOP_E_ABORTED, and whatever keeps one from being made
   */
  take(signal?: AbortSignal): Item | Promise<Item> {
    return this.takeNow() ?? this.#wait(signal);
  }

  /**
   * The same where there is one; null otherwise.
   *
   * @throws RequestError ORLOP_E_CLOSED
   */
  takeNow(): Item | null {
    this.requireOpen();
    this.#failures = 0;
    const item = this.#ready.shift();
    // When whoever got it has handed on what it is for.
    if (item !== undefined) setImmediate(this.#refillSoon);
    return item ?? null;
  }

  readonly #refillSoon = (): void => {
    if (this.#closed) return;
    const low = this.#ready.length * 2 <= this.size;
    if (this.#soon?.low) return;
    if (this.#soon !== null && !low) {
      this.#soon.timer.refresh();
      return;
    }
    this.#putOff();
    const begin = () => {
      this.#putOff();
      this.refill();
    };
    this.#soon = { timer: setTimeout(begin, low ? afterStart : pause).unref(), low };
  };

  #putOff(): void {
    clearTimeout(this.#soon?.timer);
    this.#soon = null;
  }

  /** Rejects those who wait, and lets go of what is there. What was taken is not its concern. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#putOff();
    this.#filled()?.reject(closed());
    for (const waiter of this.#waiters.splice(0)) waiter.reject(closed());
    for (const item of this.#ready.splice(0)) this.#drop(item);
    await Promise.all(this.#making);
    await Promise.all(this.#dropping);
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
        waiter.reject(aborted(signal));
      };
      if (signal?.aborted) return leave();
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiters.push(waiter);
      this.refill();
    });
  }

  /** Makes what is missing, in the background. */
  refill(): void {
    const most = Math.min(mostAtOnce, this.size);
    const wanted = () => this.size + this.#waiters.length - this.#ready.length - this.#making.size;
    while (!this.#closed && this.#failures <= this.size && this.#making.size < most && wanted() > 0) {
      const making = this.#makeOne().finally(() => {
        this.#making.delete(making);
        this.refill();
      });
      this.#making.add(making);
    }
  }

  async #makeOne(): Promise<void> {
    try {
      this.#give(await this.#supplier.make());
    } catch (error) {
      this.#filled()?.reject(error);
      this.#waiters.shift()?.reject(error);
      // Whoever waits is told why; with nobody left, the next who asks makes it try again.
      if (this.#waiters.length > 0) this.#failures = 0;
      else this.#failures = this.size + 1;
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
    if (this.#ready.length >= this.size) this.#filled()?.resolve();
    void this.#supplier.spoiled(item).then(() => this.#remove(item));
  }

  #filled(): Filling | null {
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

function aborted(signal: AbortSignal | undefined): RequestError {
  return new RequestError('ORLOP_E_ABORTED', 'waiting for a member of the pool was ended by its AbortSignal', {
    cause: signal?.reason,
  });
}
