import { expect } from 'chai';
import type { Gate } from '../../../bench/measure/gate.ts';
import { loadBetween, ticksOf } from '../../../bench/measure/load.ts';
import { NotQuiet, waitForQuiet } from '../../../bench/measure/quiet.ts';
import { takeUndisturbed } from '../../../bench/measure/undisturbed.ts';

/** Gives these loads one after the other, and the last one again and again. */
function loads(...list: number[]) {
  const asked: number[] = [];
  const loadOver = async (ms: number) => {
    asked.push(ms);
    return list[Math.min(asked.length, list.length) - 1] ?? 0;
  };
  return { asked, loadOver };
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => null,
    (error: unknown) => error,
  );
}

describe('the load beside the benchmark', () => {
  const before = 'cpu  100 5 50 1000 20 0 5 20 0 0\ncpu0 0 0 0 0\ncpu1 0 0 0 0\nintr 5\n';

  it('is read from all processors together', () => {
    expect(ticksOf(before)).to.deep.equal({ all: 1200, idle: 1000, processors: 2 });
  });

  it('counts processors in use, with those that wait for the disk and those that were taken away', () => {
    const from = ticksOf(before);
    const later = (line: string) => ticksOf(before.replace(/^.*\n/, `${line}\n`));
    expect(loadBetween(from, later('cpu  100 5 50 1400 20 0 5 20 0 0'))).to.equal(0);
    expect(loadBetween(from, later('cpu  200 5 50 1300 20 0 5 20 0 0'))).to.equal(0.5);
    expect(loadBetween(from, later('cpu  100 5 50 1200 120 0 5 120 0 0'))).to.equal(1);
    expect(loadBetween(from, later('cpu  300 5 150 1000 20 0 105 20 0 0'))).to.equal(2);
  });

  it('is nothing when no time has passed', () => {
    expect(loadBetween(ticksOf(before), ticksOf(before))).to.equal(0);
  });
});

describe('waiting until the machine is quiet', () => {
  it('passes at once below 0.5, and not at 0.5', async () => {
    const quiet = loads(0.49);
    expect(await waitForQuiet({ loadOver: quiet.loadOver, windowMs: 10, patienceMs: 100 })).to.equal(0.49);
    expect(quiet.asked).to.deep.equal([10]);
    const error = await failureOf(waitForQuiet({ loadOver: loads(0.5).loadOver, windowMs: 10, patienceMs: 10 }));
    expect(error).to.be.instanceOf(NotQuiet);
  });

  it('says once that it waits, and goes on when the load has fallen', async () => {
    const said: string[] = [];
    const { asked, loadOver } = loads(3, 2, 0.1);
    const load = await waitForQuiet({ loadOver, windowMs: 10, patienceMs: 100_000, say: (text) => said.push(text) });
    expect([load, asked.length]).to.deep.equal([0.1, 3]);
    expect(said).to.deep.equal(['load 3: waiting until it is below 0.5, 100 s at most']);
  });

  it('gives up after its patience', async () => {
    const { asked, loadOver } = loads(1.7);
    const error = await failureOf(waitForQuiet({ loadOver, windowMs: 1000, patienceMs: 5000 }));
    expect(error).to.be.instanceOf(NotQuiet).with.property('message', 'a load of 1.7 for 5 s');
    expect(asked).to.have.length(5);
  });
});

describe('undisturbed measurements', () => {
  /** A gate that finds these loads after the measurements, null where something else ran. */
  function gateOf(...after: (number | null)[]) {
    const log: string[] = [];
    const gate: Gate = {
      async open() {
        log.push('open');
        return 0.1;
      },
      async close() {
        log.push('close');
        return after.shift() ?? null;
      },
    };
    return { gate, log };
  }

  function takes(log: string[], ...names: string[]) {
    const taken = async (name: string) => {
      log.push(name);
      return { name, turn: log.filter((one) => one === name).length };
    };
    return names.map((name) => ({ name, take: () => taken(name) }));
  }

  it('carry the load before and after them', async () => {
    const { gate, log } = gateOf(0.2, 0.3);
    const taken = await takeUndisturbed(gate, takes(log, 'a', 'b'), () => {});
    expect(log).to.deep.equal(['open', 'a', 'close', 'b', 'close']);
    expect(taken.map(({ load }) => load)).to.deep.equal([
      { before: 0.1, after: 0.2 },
      { before: 0.2, after: 0.3 },
    ]);
  });

  it('are taken again where something else ran', async () => {
    const { gate, log } = gateOf(null, 0.2, 0.3);
    const said: string[] = [];
    const taken = await takeUndisturbed(gate, takes(log, 'a', 'b'), (text) => said.push(text));
    expect(log).to.deep.equal(['open', 'a', 'close', 'open', 'a', 'close', 'b', 'close']);
    expect(taken.map(({ name, turn }) => [name, turn])).to.deep.equal([
      ['a', 2],
      ['b', 1],
    ]);
    expect(said).to.have.length(1);
  });

  it('are given up when one is disturbed again and again', async () => {
    const { gate, log } = gateOf(null, null, null);
    const error = await failureOf(takeUndisturbed(gate, takes(log, 'a', 'b'), () => {}));
    expect(error).to.be.instanceOf(NotQuiet).with.property('message', "'a' was disturbed 3 times");
    expect(log).not.to.include('b');
  });

  it('do not begin behind a gate that does not open', async () => {
    const { gate, log } = gateOf();
    const shut: Gate = { ...gate, open: () => Promise.reject(new NotQuiet('a load of 3 for 300 s')) };
    expect(await failureOf(takeUndisturbed(shut, takes(log, 'a'), () => {}))).to.be.instanceOf(NotQuiet);
    expect(log).to.deep.equal([]);
  });
});
