import type { TopLevelSpec } from 'vega-lite';
import { formatNumber } from './number.ts';
import { medianAt, over } from './reading.ts';
import type { Result } from './result.ts';
import { colorsOf, config, type Side, schema, sideOf } from './svg.ts';

/** Case, contestant, and how the README calls it. */
const shown = [
  ['network', 'limit', 'the C program'],
  ['network', 'orlop-run', 'orlop, run()'],
  ['network', 'orlop-run-user', 'orlop, run(), as an ordinary user'],
  ['full', 'spawn-first', 'child_process.spawn, no container'],
  ['network', 'bwrap', 'bubblewrap'],
  ['network', 'crun-plain', 'crun, without a cgroup'],
  ['network', 'runc', 'runc'],
  ['network', 'orlop-cli', 'orlop run, the command'],
  ['network', 'podman', 'podman run'],
  ['network', 'docker', 'docker run'],
] as const;

interface Bar {
  readonly label: string;
  readonly median: number;
  readonly text: string;
  readonly side: Side;
}

/** Of those that were measured, the shortest first. Pure. */
export function readmeBars(start: Result): Bar[] {
  return shown
    .flatMap(([at, contestant, label]) => {
      const spread = over(start, medianAt({ case: at, contestant, metric: 'first' }));
      if (spread === null) return [];
      const { median } = spread;
      return [{ label, median, text: `${formatNumber(median)} ms`, side: sideOf(contestant) }];
    })
    .toSorted((a, b) => a.median - b.median);
}

/** The chart of the README: one bar each, from zero. Pure. */
export function readmeChart(start: Result): TopLevelSpec {
  const values = readmeBars(start);
  const text = 'From the call until the program in a new container runs';
  return {
    $schema: schema,
    title: { text, anchor: 'start' },
    background: 'white',
    width: 480,
    height: { step: 24 },
    data: { values },
    layer: [
      { mark: { type: 'bar', height: 14 } },
      { mark: { type: 'text', align: 'left', dx: 5, fontSize: 11 }, encoding: { text: { field: 'text' } } },
    ],
    encoding: {
      x: { field: 'median', type: 'quantitative', title: 'milliseconds (median)' },
      y: {
        field: 'label',
        type: 'nominal',
        title: null,
        sort: values.map(({ label }) => label),
        axis: { labelLimit: 400, labelFontSize: 12 },
      },
      color: { field: 'side', type: 'nominal', scale: colorsOf(values), legend: null },
    },
    config,
  };
}
