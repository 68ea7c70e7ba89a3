import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { questions } from '../../bench/questions/all.ts';
import { chartSvg } from '../../bench/report/chart.ts';
import { resultsDocument } from '../../bench/report/documents.ts';
import { readmePart, replacePart } from '../../bench/report/readme.ts';
import { readmeChart } from '../../bench/report/readme-chart.ts';
import { readResults } from '../../bench/report/result.ts';
import { darkColors, svgOf } from '../../bench/report/svg.ts';

const results = readResults(
  'bench/results',
  questions.map(({ id }) => id),
);
const hint = 'run npm run bench -- --report';

describe('results of the benchmark', () => {
  it("are what the README's part says", () => {
    const readme = readFileSync('README.md', 'utf8');
    expect(replacePart(readme, readmePart(results)), hint).to.equal(readme);
  });

  it('are what their document says', () => {
    expect(resultsDocument(results, questions), hint).to.equal(readFileSync('bench/results/README.md', 'utf8'));
  });

  it('are what their charts show', async function () {
    this.timeout(120_000);
    for (const [question, result] of results) {
      expect(await chartSvg(result), `${question}: ${hint}`).to.equal(
        readFileSync(`bench/results/${question}.svg`, 'utf8'),
      );
    }
  });

  it("are what the README's chart shows", async () => {
    const start = results.get('start');
    if (start === undefined) throw new Error('no results of starts');
    expect(await svgOf(readmeChart(start)), hint).to.equal(readFileSync('bench/results/readme.svg', 'utf8'));
  });

  it('have charts whose every colour has another on a dark page', () => {
    for (const name of [...results.keys(), 'readme']) {
      const drawn = readFileSync(`bench/results/${name}.svg`, 'utf8').replace(/<style>.*?<\/style>/, '');
      const colors = [...drawn.matchAll(/ (?:fill|stroke)="([^"]*)"/g)].map(([, color = '']) => color);
      expect(new Set(colors), name).to.include('#000');
      expect(
        [...new Set(colors)].filter((color) => color !== 'none' && darkColors[color] === undefined),
        name,
      ).to.deep.equal([]);
    }
  });

  it('were taken with NODE_EXTRA_CA_CERTS unset, which would make Node slow', () => {
    for (const [, { machine }] of results) expect(machine.nodeExtraCaCerts).to.equal('unset');
  });
});
