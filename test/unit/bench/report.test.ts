import { expect } from 'chai';
import { bars } from '../../../bench/bars.ts';
import { chartSvg, pointsOf } from '../../../bench/report/chart.ts';
import { resultsDocument } from '../../../bench/report/documents.ts';
import { formatNumber, formatSpread } from '../../../bench/report/number.ts';
import type { Row } from '../../../bench/report/result.ts';
import { caseTable, markdownTable } from '../../../bench/report/table.ts';
import { alignTable } from '../../../bench/report/terminal.ts';
import { absent, measured, repetition, result, results } from '../../support/bench.ts';

const rows = [
  measured('full', 'limit', { first: 0.8, exit: 1 }),
  measured('full', 'orlop-run', { first: 1.2, exit: 2 }),
  absent('full', 'docker', 'no docker daemon answers'),
];
const full = { id: 'full', title: '' };
const start = result('start', repetition(rows));

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

  it('takes medians of the repetitions, with the ratios of each of them, and shows how far they lie apart', () => {
    const once = (limit: number, orlop: number) =>
      repetition([
        measured('full', 'limit', { first: limit }),
        measured('full', 'orlop-run', { first: orlop, exit: 9 }),
      ]);
    const repeated = result('start', once(1, 1.5), once(2, 2.2), once(4, 4.8));
    expect(caseTable(repeated, { id: 'full', title: '' }).split('\n').slice(2)).to.deep.equal([
      '| label of limit | 2.00 (1.00–4.00) | 4.00 | 1.00 |  |',
      '| label of orlop-run | 2.20 (1.50–4.80) | 4.40 | 1.20 (1.10–1.50) | 9.00 |',
    ]);
  });

  it('names a contestant as missing only when it took part in no repetition', () => {
    const [there, away] = [measured('full', 'runc', { first: 1 }), absent('full', 'runc', 'it is gone')];
    const table = (...rows: Row[]) => caseTable(result('start', ...rows.map((row) => repetition([row]))), full);
    for (const order of [
      [there, away],
      [away, there],
    ])
      expect(table(...order))
        .to.include('1.00')
        .and.not.include('gone');
    expect(table(away, away)).to.include('missing: it is gone');
  });

  it('says how many runs failed', () => {
    const failed = result('start', repetition([{ ...measured('full', 'runc', { first: 1 }), failures: 3 }]));
    expect(caseTable(failed, { id: 'full', title: '' })).to.include('label of runc (3 runs failed)');
  });

  it('leaves out the columns that nobody has', () => {
    const some = result('start', repetition([measured('full', 'limit', { first: 1 })]));
    expect(caseTable(some, { id: 'full', title: '' })).not.to.include('end seen');
  });

  it('has no p99 of a rate, which would be the best of it', () => {
    const rates = [measured('1', 'limit-whole', { rate: 100 }), measured('1', 'orlop-run', { rate: 90 })];
    const columns = [{ metric: 'rate', title: 'containers', unit: '/s' }] as const;
    const of = { ...result('throughput', repetition(rates)), columns, reference: 'limit-whole' };
    expect(caseTable(of, { id: '1', title: '' }).split('\n')).to.deep.equal([
      '|  | containers, /s | × limit |',
      '|---|---:|---:|',
      '| label of limit-whole | 100 | 1.00 |',
      '| label of orlop-run | 90.0 | 0.90 |',
    ]);
  });

  it('has no ratio where there is nobody to compare with', () => {
    const columns = [{ metric: 'resident', title: 'share', unit: 'MB' }] as const;
    const rows = [measured('1', 'orlop-launcher', { resident: 1.5 })];
    const of = { ...result('launcher', repetition(rows)), columns, reference: null };
    expect(caseTable(of, { id: '1', title: '' }).split('\n')).to.deep.equal([
      '|  | share, MB |',
      '|---|---:|',
      '| label of orlop-launcher | 1.50 |',
    ]);
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

  it('writes the median with its unit, and the lowest and the highest of several repetitions', () => {
    const spread = { median: 1.04, lowest: 1.02, highest: 1.07, repetitions: 3 };
    expect(formatSpread(spread, '×')).to.equal('1.04 × (1.02–1.07)');
    expect(formatSpread({ ...spread, lowest: -0.1 })).to.equal('1.04 (-0.10 to 1.07)');
    expect(formatSpread({ ...spread, repetitions: 1 }, 'ms')).to.equal('1.04 ms');
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
    expect(resultsDocument(new Map(), [{ id: 'start' }])).to.include('npm run bench');
  });

  it('shows results with the facts of the machine, and all bars', () => {
    const document = resultsDocument(results(start), [{ id: 'start' }]);
    const facts = ['6.12.1', 'Some CPU', '20.19.0', '30 mounts', 'NODE_EXTRA_CA_CERTS unset', '2024-02-29'];
    for (const fact of [...facts, 'one repetition', 'crun 1.21', ...bars.map(({ text }) => text.split('|')[0] ?? '')]) {
      expect(document).to.include(fact);
    }
    expect(document).not.to.include('was not idle');
  });

  it('warns when the machine was not idle before or after a repetition', () => {
    const loads = [
      { before: 0.5, after: 0 },
      { before: 0, after: 0.5 },
    ];
    for (const load of loads) {
      const busy = result('start', repetition(rows), repetition(rows, load));
      expect(resultsDocument(results(busy), [{ id: 'start' }])).to.include('was not idle');
    }
  });

  it('draws a dot for each contestant that was measured', async () => {
    expect(pointsOf(start).map(({ median, side }) => [median, side])).to.deep.equal([
      [0.8, 'limit'],
      [1.2, 'orlop'],
    ]);
    const svg = await chartSvg(start);
    expect(svg).to.match(/^<svg /);
    expect(svg).to.include('label of orlop-run').and.not.to.include('label of docker');
    expect(await chartSvg(start), 'drawn twice').to.equal(svg);
    expect(svg).to.include('>limit<').and.include('>orlop<').and.not.include('>others<');
  });

  it('draws large numbers as the tables have them, and cuts no label', async () => {
    const label = 'a label that is as long as the longest of any program that takes part '.repeat(2);
    const row = { ...measured('full', 'orlop-run', { first: 1150 }), label };
    const svg = await chartSvg(result('start', repetition([row])));
    expect(svg).to.include('>1150<').and.include(label.trim()).and.not.match(/…|e\+/);
  });
});
