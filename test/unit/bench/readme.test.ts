import { expect } from 'chai';
import { markers, readmePart, replacePart } from '../../../bench/report/readme.ts';
import { readmeBars, readmeChart } from '../../../bench/report/readme-chart.ts';
import { svgOf } from '../../../bench/report/svg.ts';
import { absent, measured, repetition, result, results } from '../../support/bench.ts';

const starts = (limit: number, orlop: number) =>
  repetition([
    measured('network', 'limit', { first: limit }),
    measured('network', 'orlop-run', { first: orlop }),
    measured('network', 'bwrap', { first: 5 }),
    absent('network', 'docker', 'no docker daemon answers'),
  ]);
const start = result('start', starts(1, 1.1), starts(1, 1.04), starts(2, 2));

/** A result of every question that the README shows, each contestant at the same numbers. */
function everything() {
  const metrics = { first: 1, rate: 100, time: 10, loop: 0.4, processor: 2 };
  const of = (question: string, at: readonly string[], contestants: readonly string[]) => {
    const rows = at.flatMap((one) => contestants.map((contestant) => measured(one, contestant, metrics)));
    return result(question, repetition(rows));
  };
  return results(
    of('start', ['full', 'network'], ['limit', 'orlop-run', 'bwrap']),
    of('throughput', ['1', '2', '8', '32'], ['limit-whole', 'orlop-run', 'bwrap']),
    of('burst', ['burst'], ['limit-whole', 'orlop-run', 'bwrap']),
    of('cli', ['command'], ['limit', 'orlop-cli', 'bwrap']),
  );
}

function rowsOf(part: string): string[] {
  return part.split('\n').filter((line) => line.startsWith('| '));
}

describe("the benchmark's part of the README", () => {
  it('says that there are no results, and how to take them', () => {
    expect(readmePart(new Map())).to.include('npm run bench');
  });

  it('has one chart, and a table of at most six lines beside its head', () => {
    const part = readmePart(everything());
    expect(part.match(/!\[/g)).to.have.length(1);
    expect(rowsOf(part)).to.have.length.within(6, 7);
    for (const row of rowsOf(part)) expect(row.split(' | ')).to.have.length(5);
  });

  it('shows each number with its spread, and the ratio to the C program of the same repetition', () => {
    expect(rowsOf(readmePart(results(start)))[1]).to.match(
      /\| 1\.10 ms \(1\.04–2\.00\) \| 1\.00 ms \(1\.00–2\.00\) \| 1\.04 × \(1\.00–1\.10\) \| 5\.00 ms \(5\.00–5\.00\) \|$/,
    );
  });

  it('leaves out what was not measured', () => {
    expect(rowsOf(readmePart(results(start)))).to.have.length(2);
  });

  it('says what the C program is, and speaks of no bars', () => {
    const part = readmePart(everything());
    expect(part).to.include('The *C program* makes the same container');
    expect(part).not.to.match(/limit\b|missed|holds/);
  });

  it('says when, on what, and whether anything else ran', () => {
    const part = readmePart(results(start));
    for (const fact of ['2024-02-29', 'Some CPU', '20.19.0', 'three repetitions', 'Nothing else ran']) {
      expect(part).to.include(fact);
    }
    const loaded = result('throughput', repetition([], { before: 0.1, after: 2 }));
    expect(readmePart(results(start, loaded)))
      .to.include('Something else ran')
      .and.not.to.include('Nothing else');
  });

  it('replaces what stands between the markers and nothing else', () => {
    const document = `before\n${markers.begin}\nold\n${markers.end}\nafter\n`;
    const replaced = replacePart(document, 'new');
    expect(replaced).to.equal(`before\n${markers.begin}\nnew\n${markers.end}\nafter\n`);
    expect(replacePart(replaced, 'new')).to.equal(replaced);
    expect(() => replacePart('no markers', 'new')).to.throw('no lines');
  });
});

describe("the README's chart", () => {
  it('has a bar for each that was measured, the shortest first, with the median of the repetitions', () => {
    expect(readmeBars(start).map(({ label, text, side }) => [label, text, side])).to.deep.equal([
      ['the C program', '1.00 ms', 'limit'],
      ['orlop, run()', '1.10 ms', 'orlop'],
      ['bubblewrap', '5.00 ms', 'others'],
    ]);
  });

  it('is drawn the same each time', async function () {
    this.timeout(60_000);
    const svg = await svgOf(readmeChart(start));
    expect(svg)
      .to.match(/^<svg /)
      .and.include('bubblewrap')
      .and.not.include('docker');
    expect(await svgOf(readmeChart(start))).to.equal(svg);
  });
});
