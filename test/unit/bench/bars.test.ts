import { expect } from 'chai';
import { bars } from '../../../bench/bars.ts';
import { judge } from '../../../bench/report/judge.ts';
import type { Results } from '../../../bench/report/result.ts';
import { absent, measured, repetition, result, results } from '../../support/bench.ts';

function judged(id: string, of: Results) {
  const found = judge(bars, of).find(({ bar }) => bar.id === id);
  if (found === undefined) throw new Error(`no bar '${id}'`);
  return { value: found.measured?.median ?? null, holds: found.holds };
}

function starts(limit: number, orlop: number): Results {
  const rows = [measured('full', 'limit', { first: limit }), measured('full', 'orlop-run', { first: orlop })];
  return results(result('start', repetition(rows)));
}

describe('the bars', () => {
  it('have ids that differ', () => {
    expect(new Set(bars.map(({ id }) => id)).size).to.equal(bars.length);
  });

  it('are not judged without results', () => {
    for (const { measured: value, holds } of judge(bars, new Map())) expect([value, holds]).to.deep.equal([null, null]);
  });

  it('compare with the limit of the same case: hold at the bar, and are missed above it', () => {
    expect(judged('full-orlop-run', starts(1, 1.05))).to.deep.equal({ value: 1.05, holds: true });
    expect(judged('full-orlop-run', starts(1, 1.06))).to.deep.equal({ value: 1.06, holds: false });
  });

  it('judge the median of the repetitions, each of which has a ratio of its own', () => {
    const once = (limit: number, orlop: number) =>
      repetition([measured('full', 'limit', { first: limit }), measured('full', 'orlop-run', { first: orlop })]);
    // The medians of both, 2 and 2.2, would give 1.1.
    const of = results(result('start', once(1, 1.5), once(2, 2.2), once(4, 4.8)));
    expect(judged('full-orlop-run', of)).to.deep.equal({ value: 1.2, holds: false });
    const { measured: spread } = judge(bars, of).find(({ bar }) => bar.id === 'full-orlop-run') ?? {};
    expect(spread).to.include({ lowest: 1.1, highest: 1.5, repetitions: 3 });
  });

  it('take growth as the difference of two cases', () => {
    const rows = [
      measured('volumes-1', 'orlop-start', { first: 2 }),
      measured('volumes-100', 'orlop-start', { first: 3.5 }),
    ];
    expect(judged('volumes', results(result('growth', repetition(rows))))).to.deep.equal({ value: 1.5, holds: false });
  });

  it('hold throughput against the limit at each number at once, and against the worst beside bwrap', () => {
    const rates = (parallel: string, orlop: number) => [
      measured(parallel, 'limit-whole', { rate: 1000 }),
      measured(parallel, 'bwrap', { rate: 400 }),
      measured(parallel, 'orlop-run', { rate: orlop, loop: 0.4 }),
    ];
    const rows = [...rates('1', 900), ...rates('2', 850), ...rates('8', 760), ...rates('32', 990)];
    const of = results(result('throughput', repetition(rows)));
    expect(judged('throughput-2', of)).to.deep.equal({ value: 0.85, holds: true });
    expect(judged('throughput-8', of)).to.deep.equal({ value: 0.76, holds: false });
    expect(judged('throughput-bwrap', of)).to.deep.equal({ value: 1.9, holds: false });
    expect(judged('loop-8', of)).to.deep.equal({ value: 0.4, holds: true });
    const some = results(result('throughput', repetition(rows.slice(0, 6))));
    expect(judged('throughput-bwrap', some)).to.deep.equal({ value: null, holds: null });
  });

  it('read the pool at its p99', () => {
    const rows = [measured('pool', 'orlop-pool', { first: 0.15 })];
    expect(judged('pool-p99', results(result('pool', repetition(rows))))).to.deep.equal({ value: 0.3, holds: true });
  });

  it('take the JavaScript thread by its longest stretch, and beside it by all of them', () => {
    const rows = [measured('500', 'orlop-start', { longest: 0.1, busy: 0.4, blocked: 0.01 })];
    const of = results(result('memory', repetition(rows)));
    expect(judged('thread-orlop-start', of)).to.deep.equal({ value: 0.1, holds: true });
    expect(judged('busy-orlop-start', of)).to.deep.equal({ value: 0.4, holds: false });
  });

  it("hold a start with userns: 'auto' against one without, and take the worse of both networks", () => {
    const rows = ['full', 'network'].flatMap((name, index) => [
      measured(name, 'orlop-run', { first: 2 }),
      measured(name, 'orlop-run-auto', { first: 2 + index }),
    ]);
    expect(judged('auto', results(result('start', repetition(rows))))).to.deep.equal({ value: 1.5, holds: false });
  });

  it("hold an ordinary user's start against root's of the same case, and take the worse of both networks", () => {
    const rows = (full: number, network: number) => [
      ...[measured('full', 'orlop-run', { first: 1 }), measured('full', 'orlop-run-user', { first: full })],
      ...[measured('network', 'orlop-run', { first: 2 }), measured('network', 'orlop-run-user', { first: network })],
    ];
    const of = (full: number, network: number) => results(result('start', repetition(rows(full, network))));
    expect(judged('user-orlop-run', of(1.15, 2.2))).to.deep.equal({ value: 1.15, holds: true });
    expect(judged('user-orlop-run', of(1.1, 2.4))).to.deep.equal({ value: 1.2, holds: false });
    const some = results(result('start', repetition(rows(1, 2).slice(0, 3))));
    expect(judged('user-orlop-run', some)).to.deep.equal({ value: null, holds: null });
  });

  it("hold an ordinary user's pool, throughput and command against root's", () => {
    const rates = (parallel: string, user: number) => [
      measured(parallel, 'orlop-run', { rate: 600 }),
      measured(parallel, 'orlop-run-user', { rate: user }),
    ];
    const rows = [...rates('1', 600), ...rates('2', 500), ...rates('8', 480), ...rates('32', 700)];
    const of = results(
      result('throughput', repetition(rows)),
      result(
        'pool',
        repetition([measured('pool', 'orlop-pool', { first: 1 }), measured('pool', 'orlop-pool-user', { first: 1.2 })]),
      ),
      result(
        'cli',
        repetition([
          measured('command', 'orlop-cli', { time: 70 }),
          measured('command', 'orlop-cli-user', { time: 79 }),
        ]),
      ),
    );
    expect(judged('user-throughput', of)).to.deep.equal({ value: 1.25, holds: false });
    expect(judged('user-pool', of)).to.deep.equal({ value: 1.2, holds: true });
    expect(judged('user-cli', of)).to.deep.equal({ value: 9, holds: false });
  });

  it("take the launcher's memory by the most that it held", () => {
    const rows = ['1', '32'].map((at, index) =>
      measured(at, 'orlop-launcher', { resident: 1 + index, anonymous: 0.3 }),
    );
    const of = results(result('launcher', repetition(rows)));
    expect(judged('user-launcher', of)).to.deep.equal({ value: 2, holds: true });
  });

  it('are not judged when a contestant is missing', () => {
    const rows = [measured('pool', 'limit', { first: 0.1 }), absent('pool', 'orlop-pool', 'there is none')];
    expect(judged('pool-median', results(result('pool', repetition(rows))))).to.deep.equal({
      value: null,
      holds: null,
    });
  });
});
