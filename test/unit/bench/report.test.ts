import { expect } from 'chai';
import { chartSvg, pointsOf } from '../../../bench/report/chart.ts';
import { markers, readmePart, replacePart, resultsDocument } from '../../../bench/report/documents.ts';
import { caseTable, formatNumber, markdownTable } from '../../../bench/report/table.ts';
import { alignTable } from '../../../bench/report/terminal.ts';
import { absent, measured, result, results } from '../../support/bench.ts';

const rows = [
  measured('full', 'limit', { first: 0.8, exit: 1 }),
  measured('full', 'orlop-run', { first: 1.2, exit: 2 }),
  absent('full', 'docker', 'no docker daemon answers'),
];
const start = result('start', { rows });

describe('the report of the benchmark', () => {
  it('has a row for each contestant, with the ratio to the limit, and says who is missing and why', () => {
    expect(caseTable(start, { id: 'full', title: '' }).split('\n')).to.deep.equal([
      '|  | call → first instruction, ms | p99 | × limit | call → end seen, ms |',
      '|---|---:|---:|---:|---:|',
      '| label of limit | 0.80 | 1.60 | 1.00 | 1.00 |',
      '| label of orlop-run | 1.20 | 2.40 | 1.50 | 2.00 |',
      '| label of docker | missing: no docker daemon answers |  |  |  |',
    ]);
  });

  it('says how many runs failed', () => {
    const failed = result('start', { rows: [{ ...measured('full', 'runc', { first: 1 }), failures: 3 }] });
    expect(caseTable(failed, { id: 'full', title: '' })).to.include('label of runc (3 runs failed)');
  });

  it('leaves out the columns that nobody has', () => {
    const some = result('start', { rows: [measured('full', 'limit', { first: 1 })] });
    expect(caseTable(some, { id: 'full', title: '' })).not.to.include('end seen');
  });

  it('writes numbers with three digits', () => {
    expect([0.12345, 9.876, 12.34, 123.4, -12.34].map(formatNumber)).to.deep.equal([
      '0.12',
      '9.88',
      '12.3',
      '123',
      '-12.3',
    ]);
  });

  it('keeps the bars of a cell from ending it', () => {
    expect(markdownTable(['a'], [['tar | sha256sum']])).to.include('| tar \\| sha256sum |');
  });

  it('aligns tables for a terminal', () => {
    const table = markdownTable(
      ['', 'ms'],
      [
        ['long label', '1.00'],
        ['b', '12.0'],
      ],
    );
    expect(alignTable(table).split('\n')).to.deep.equal(['              ms', 'long label  1.00', 'b           12.0']);
  });

  it('says that there are no results, and how to take them', () => {
    expect(readmePart(new Map())).to.include('npm run bench');
    expect(resultsDocument(new Map(), [{ id: 'start' }])).to.include('npm run bench');
  });

  it('shows results with the facts of the machine', () => {
    const part = readmePart(results(start));
    for (const fact of ['6.12.1', 'Some CPU', '20.19.0', '30 mounts', 'NODE_EXTRA_CA_CERTS unset', '2024-02-29']) {
      expect(part).to.include(fact);
    }
    expect(part).not.to.include('not idle');
    expect(resultsDocument(results(start), [{ id: 'start' }])).to.include('crun 1.21');
  });

  it('warns when the machine was not idle', () => {
    const busy = result('start', { rows, load: { before: 1.5, after: 2 } });
    expect(readmePart(results(busy))).to.include('not idle');
  });

  it('replaces what stands between the markers and nothing else', () => {
    const document = `before\n${markers.begin}\nold\n${markers.end}\nafter\n`;
    const replaced = replacePart(document, 'new');
    expect(replaced).to.equal(`before\n${markers.begin}\nnew\n${markers.end}\nafter\n`);
    expect(replacePart(replaced, 'new')).to.equal(replaced);
    expect(() => replacePart('no markers', 'new')).to.throw('no lines');
  });

  it('draws a dot for each contestant that was measured', async function () {
    this.timeout(60_000);
    expect(pointsOf(start).map(({ median, ours }) => [median, ours])).to.deep.equal([
      [0.8, 'limit'],
      [1.2, 'orlop'],
    ]);
    const svg = await chartSvg(start);
    expect(svg).to.match(/^<svg /);
    expect(svg).to.include('label of orlop-run').and.not.to.include('label of docker');
    expect(await chartSvg(start), 'drawn twice').to.equal(svg);
  });
});
