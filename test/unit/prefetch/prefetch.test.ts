import { expect } from 'chai';
import { nextTickPace, pausePace } from '../../../ts/prefetch/pace.ts';
import { Prefetch, type PrefetchOptions } from '../../../ts/prefetch/prefetch.ts';
import { refusal } from '../../support/refusal.ts';
import { until } from '../../support/temporary.ts';

interface Thing {
  readonly number: number;
  spoil(): void;
  readonly spoiled: Promise<void>;
}

/** Makes numbered things; `fails` says of which it cannot. */
class Maker {
  made = 0;
  things: Thing[] = [];
  dropped: number[] = [];
  atOnce = 0;
  maxAtOnce = 0;
  fails: (number: number) => boolean = () => false;

  /** How many were asked for, each time. */
  readonly counts: number[] = [];
  refuses = false;

  async make(count: number): Promise<Thing[]> {
    this.counts.push(count);
    this.maxAtOnce = Math.max(this.maxAtOnce, ++this.atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    this.atOnce--;
    return Array.from({ length: count }, () => this.#one());
  }

  #one(): Thing {
    const number = ++this.made;
    if (this.fails(number)) throw new Error(`no ${number}`);
    let spoil = () => {};
    const spoiled = new Promise<void>((resolve) => {
      spoil = resolve;
    });
    const thing = { number, spoil, spoiled };
    this.things.push(thing);
    return thing;
  }

  refused(): boolean {
    return this.refuses;
  }

  spoiled({ spoiled }: Thing): Promise<void> {
    return spoiled;
  }

  async drop({ number }: Thing): Promise<void> {
    this.dropped.push(number);
  }
}

const settled = (prefetch: Prefetch<Thing>) => until('nothing to be made', () => prefetch.making === 0);

describe('items that are prefetched', () => {
  let maker: Maker;
  let prefetch: Prefetch<Thing>;
  beforeEach(() => {
    maker = new Maker();
    prefetch = prefetching({ size: 3 });
  });
  afterEach(() => prefetch.close());

  /** As a pool does it, unless given. */
  function prefetching(options: Partial<PrefetchOptions>): Prefetch<Thing> {
    const usual = { size: 3, atOnce: 3, each: 'one', skipFirst: 0, pace: pausePace() } as const;
    return new Prefetch<Thing>({ ...usual, ...options }, maker);
  }

  it('is filled, gives the oldest, and is filled up again', async () => {
    await prefetch.fill();
    expect(prefetch.ready).to.equal(3);
    expect((await prefetch.take()).number).to.equal(1);
    expect(prefetch.tryTake()?.number).to.equal(2);
    await until('it to be full', () => prefetch.ready === 3);
    await settled(prefetch);
    expect(maker.made).to.equal(5);
  });

  it('gives each thing once, and never makes more at once than it holds', async () => {
    const taken = await Promise.all(Array.from({ length: 200 }, () => prefetch.take()));
    expect(new Set(taken.map(({ number }) => number)).size).to.equal(200);
    await until('it to be full', () => prefetch.ready === 3);
    await settled(prefetch);
    expect(maker.maxAtOnce).to.be.at.most(3);
    expect(maker.made).to.equal(203);
    expect(maker.dropped).to.deep.equal([]);
  });

  it('replaces an item that is spoiled while it waits, but no taken item', async () => {
    await prefetch.fill();
    const taken = await prefetch.take();
    await until('it to be full', () => prefetch.ready === 3);
    taken.spoil();
    maker.things[1]?.spoil();
    await until('another', () => maker.made === 5 && prefetch.ready === 3);
    expect(maker.dropped).to.deep.equal([2]);
    expect((await prefetch.take()).number).to.equal(3);
  });

  it('makes nothing for those that were just taken, until there is a pause, or too few are left', async () => {
    prefetch = prefetching({ size: 4, atOnce: 4 });
    await prefetch.fill();
    await prefetch.take();
    await new Promise((resolve) => setImmediate(resolve));
    expect(prefetch.making).to.equal(0);
    await until('it to be full', () => prefetch.ready === 4);
    for (let taken = 0; taken < 5; taken++) await prefetch.take();
    expect(prefetch.making).to.be.greaterThan(0);
    await until('it to be full', () => prefetch.ready === 4);
    await settled(prefetch);
    expect(maker.made).to.equal(10);
  });

  it('gives up making items that are always spoiled, until the next request', async () => {
    const { make } = maker;
    maker.make = async function (this: Maker, count: number) {
      const things = await make.call(this, count);
      for (const thing of things) setImmediate(() => thing.spoil());
      return things;
    };
    await prefetch.fill();
    await until('it to give up', () => prefetch.ready === 0 && prefetch.making === 0);
    const { made } = maker;
    expect(made).to.be.below(20);
    expect((await prefetch.take()).number).to.be.greaterThan(made);
  });

  it('tells those who wait why one could not be made, and tries again for the next', async () => {
    maker.fails = (number) => number <= 3;
    const [first, second] = await Promise.allSettled([prefetch.take(), prefetch.take()]);
    expect(first.status).to.equal('rejected');
    expect(second.status).to.equal('rejected');
    await settled(prefetch);
    maker.fails = () => false;
    expect((await prefetch.take()).number).to.be.greaterThan(3);
  });

  it('does not become full when one cannot be made', async () => {
    maker.fails = (number) => number === 2;
    const error = await prefetch.fill().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error).and.include({ message: 'no 2' });
  });

  it('lets go of those who give up waiting', async () => {
    const ends = new AbortController();
    const waits = refusal(Promise.resolve(prefetch.take(ends.signal)));
    ends.abort();
    expect((await waits).code).to.equal('ORLOP_E_ABORTED');
    expect(prefetch.waiting).to.equal(0);
    expect((await refusal(Promise.resolve(prefetch.take(ends.signal)))).code).to.equal('ORLOP_E_ABORTED');
    await until('it to be full', () => prefetch.ready === 3);
  });

  it('drops what it holds and what is being made when it is closed, and refuses who waits', async () => {
    await prefetch.fill();
    for (let taken = 0; taken < 3; taken++) await prefetch.take();
    const waits = refusal(Promise.resolve(prefetch.take()));
    await prefetch.close();
    expect((await waits).code).to.equal('ORLOP_E_CLOSED');
    expect(prefetch.ready + prefetch.making).to.equal(0);
    expect(maker.dropped.length).to.equal(maker.made - 3);
    expect((await refusal((async () => prefetch.take())())).code).to.equal('ORLOP_E_CLOSED');
    expect(prefetch.closed).to.equal(true);
    expect(() => prefetch.requireOpen()).to.throw('closed');
  });

  it('is made again in one call, when half of it is left, where its options say so', async () => {
    prefetch = prefetching({ size: 8, atOnce: 1, each: 'all', lowWater: 0.5, pace: nextTickPace() });
    await prefetch.fill();
    for (let taken = 0; taken < 3; taken++) prefetch.tryTake();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([prefetch.ready, maker.counts]).to.deep.equal([5, [8]]);
    prefetch.tryTake();
    await until('it to be full', () => prefetch.ready === 8);
    expect(maker.counts).to.deep.equal([8, 4]);
    expect(maker.maxAtOnce).to.equal(1);
  });

  it('is not made by the first requests, as many as it skips', async () => {
    prefetch = prefetching({ skipFirst: 2, pace: nextTickPace() });
    for (let asked = 0; asked < 2; asked++) expect(prefetch.tryTake()).to.equal(null);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(maker.made).to.equal(0);
    prefetch.tryTake();
    await until('it to be full', () => prefetch.ready === 3);
  });

  it('is more where so many are taken at once that none is left, up to a limit', async () => {
    prefetch = prefetching({ size: 2, maxSize: 8, each: 'all', atOnce: 1, pace: nextTickPace() });
    await prefetch.fill();
    for (const size of [4, 8, 8]) {
      while (prefetch.tryTake() !== null);
      await until('it to be full', () => prefetch.ready === size);
      expect(prefetch.size).to.equal(size);
    }
    await prefetch.reset();
    expect(prefetch.size).to.equal(2);
  });

  it('is taken by wishes, the first before the second, and nothing else', async () => {
    await prefetch.fill();
    const numbered = (wanted: number) => (thing: Thing) => thing.number === wanted;
    expect(prefetch.tryTake(numbered(9), numbered(2))?.number).to.equal(2);
    expect(prefetch.tryTake(numbered(3), numbered(1))?.number).to.equal(3);
    expect(prefetch.tryTake(numbered(9))).to.equal(null);
    expect(prefetch.items().map(({ number }) => number)).to.deep.equal([1]);
  });

  it('is borrowed without being replaced, and put back', async () => {
    await prefetch.fill();
    await settled(prefetch);
    const borrowed = prefetch.borrow(({ number }) => number === 2);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(prefetch.items().map(({ number }) => number)).to.deep.equal([1, 3]);
    prefetch.putBack(borrowed as Thing);
    expect(prefetch.items().map(({ number }) => number)).to.deep.equal([1, 3, 2]);
    expect(maker.made).to.equal(3);
  });

  it('is never tried again where it can never be made', async () => {
    [maker.fails, maker.refuses] = [() => true, true];
    await prefetch.fill().catch(() => {});
    await settled(prefetch);
    const { made } = maker;
    for (let asked = 0; asked < 3; asked++) expect(prefetch.tryTake()).to.equal(null);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(maker.made).to.equal(made);
  });

  it('is as if new when it was reset', async () => {
    prefetch = prefetching({ skipFirst: 1, pace: nextTickPace() });
    prefetch.tryTake();
    prefetch.tryTake();
    await until('it to be full', () => prefetch.ready === 3);
    await prefetch.reset();
    expect([maker.dropped, prefetch.ready, prefetch.closed]).to.deep.equal([[1, 2, 3], 0, false]);
    expect(prefetch.tryTake()).to.equal(null);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(maker.made).to.equal(3);
    prefetch.tryTake();
    await until('it to be full', () => prefetch.ready === 3);
  });

  it('can be asked for while it is being reset: there is none', async () => {
    await prefetch.fill();
    const reset = prefetch.reset();
    expect(prefetch.tryTake()).to.equal(null);
    await reset;
  });
});
