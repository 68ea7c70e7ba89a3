import { expect } from 'chai';
import { Stock } from '../../../ts/containers/pool/stock.ts';
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
  mostAtOnce = 0;
  fails: (number: number) => boolean = () => false;

  async make(): Promise<Thing> {
    const number = ++this.made;
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    this.atOnce--;
    if (this.fails(number)) throw new Error(`no ${number}`);
    let spoil = () => {};
    const spoiled = new Promise<void>((resolve) => {
      spoil = resolve;
    });
    const thing = { number, spoil, spoiled };
    this.things.push(thing);
    return thing;
  }

  spoiled({ spoiled }: Thing): Promise<void> {
    return spoiled;
  }

  async drop({ number }: Thing): Promise<void> {
    this.dropped.push(number);
  }
}

const settled = (stock: Stock<Thing>) => until('nothing to be made', () => stock.making === 0);

describe('a stock', () => {
  let maker: Maker;
  let stock: Stock<Thing>;
  beforeEach(() => {
    maker = new Maker();
    stock = new Stock<Thing>(3, maker);
  });
  afterEach(() => stock.close());

  it('is filled, gives the oldest, and is filled up again', async () => {
    await stock.fill();
    expect(stock.ready).to.equal(3);
    expect((await stock.take()).number).to.equal(1);
    expect(stock.takeNow()?.number).to.equal(2);
    await until('it to be full', () => stock.ready === 3);
    await settled(stock);
    expect(maker.made).to.equal(5);
  });

  it('gives each thing once, and never makes more at once than it holds', async () => {
    const taken = await Promise.all(Array.from({ length: 200 }, () => stock.take()));
    expect(new Set(taken.map(({ number }) => number)).size).to.equal(200);
    await until('it to be full', () => stock.ready === 3);
    await settled(stock);
    expect(maker.mostAtOnce).to.be.at.most(3);
    expect(maker.made).to.equal(203);
    expect(maker.dropped).to.deep.equal([]);
  });

  it('replaces what goes bad while it waits, and has no concern with what was taken', async () => {
    await stock.fill();
    const taken = await stock.take();
    await until('it to be full', () => stock.ready === 3);
    taken.spoil();
    maker.things[1]?.spoil();
    await until('another', () => maker.made === 5 && stock.ready === 3);
    expect(maker.dropped).to.deep.equal([2]);
    expect((await stock.take()).number).to.equal(3);
  });

  it('makes nothing for those that were just taken, until there is a pause, or too few are left', async () => {
    stock = new Stock<Thing>(4, maker);
    await stock.fill();
    await stock.take();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stock.making).to.equal(0);
    await until('it to be full', () => stock.ready === 4);
    for (let taken = 0; taken < 5; taken++) await stock.take();
    expect(stock.making).to.be.greaterThan(0);
    await until('it to be full', () => stock.ready === 4);
    await settled(stock);
    expect(maker.made).to.equal(10);
  });

  it('gives up making what always goes bad, until somebody asks', async () => {
    const { make } = maker;
    maker.make = async function (this: Maker) {
      const thing = await make.call(this);
      setImmediate(() => thing.spoil());
      return thing;
    };
    await stock.fill();
    await until('it to give up', () => stock.ready === 0 && stock.making === 0);
    const { made } = maker;
    expect(made).to.be.below(20);
    expect((await stock.take()).number).to.be.greaterThan(made);
  });

  it('tells those who wait why one could not be made, and tries again for the next', async () => {
    maker.fails = (number) => number <= 3;
    const [first, second] = await Promise.allSettled([stock.take(), stock.take()]);
    expect(first.status).to.equal('rejected');
    expect(second.status).to.equal('rejected');
    await settled(stock);
    maker.fails = () => false;
    expect((await stock.take()).number).to.be.greaterThan(3);
  });

  it('does not become full when one cannot be made', async () => {
    maker.fails = (number) => number === 2;
    const error = await stock.fill().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error).and.include({ message: 'no 2' });
  });

  it('lets go of those who give up waiting', async () => {
    const ends = new AbortController();
    const waits = refusal(Promise.resolve(stock.take(ends.signal)));
    ends.abort();
    expect((await waits).code).to.equal('ORLOP_E_ABORTED');
    expect(stock.waiting).to.equal(0);
    expect((await refusal(Promise.resolve(stock.take(ends.signal)))).code).to.equal('ORLOP_E_ABORTED');
    await until('it to be full', () => stock.ready === 3);
  });

  it('drops what it holds and what is being made when it is closed, and refuses who waits', async () => {
    await stock.fill();
    for (let taken = 0; taken < 3; taken++) await stock.take();
    const waits = refusal(Promise.resolve(stock.take()));
    await stock.close();
    expect((await waits).code).to.equal('ORLOP_E_CLOSED');
    expect(stock.ready + stock.making).to.equal(0);
    expect(maker.dropped.length).to.equal(maker.made - 3);
    expect((await refusal((async () => stock.take())())).code).to.equal('ORLOP_E_CLOSED');
    expect(stock.closed).to.equal(true);
    expect(() => stock.requireOpen()).to.throw('closed');
  });
});
