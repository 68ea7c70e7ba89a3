import type { TopLevelSpec } from 'vega-lite';
import { linesOf } from './lines.ts';
import { formatNumber } from './number.ts';
import { medianAt, over, p99At } from './reading.ts';
import type { Result } from './result.ts';
import { colorsOf, config, type Side, schema, sideOf, svgOf } from './svg.ts';

interface Point {
  readonly label: string;
  readonly case: string;
  readonly median: number;
  readonly p99: number;
  readonly side: Side;
  /** The median, as the tables have it. */
  readonly text: string;
}

/** What the chart of a question shows: its main metric. Pure. */
export function pointsOf(result: Result): Point[] {
  const metric = result.columns[0]?.metric ?? '';
  const titles = new Map(result.cases.map(({ id, title }) => [id, title]));
  return linesOf(result).flatMap((line) => {
    const { contestant, label } = line;
    const [median, p99] = [medianAt, p99At].map((at) => over(result, at({ ...line, metric }))?.median);
    if (median === undefined || p99 === undefined) return [];
    const text = formatNumber(median);
    return [{ label, case: titles.get(line.case) ?? line.case, median, p99, side: sideOf(contestant), text }];
  });
}

/** Width of a label at most, in pixels, by an estimate that is too large: no label of ours is cut. */
const labelLimit = 2000;

/** For each case, a dot at the median of each contestant and a line to its p99. Pure. */
export function chartSpec(result: Result): TopLevelSpec {
  const [column] = result.columns;
  const values = pointsOf(result);
  const axis = `${column?.title ?? ''}, ${column?.unit ?? ''} (median, line to p99; logarithmic)`;
  const label = {
    field: 'label',
    type: 'nominal',
    title: null,
    sort: { field: 'median' },
    axis: { labelLimit },
  } as const;
  const color = {
    field: 'side',
    type: 'nominal',
    title: null,
    scale: colorsOf(values),
    legend: { orient: 'top' },
  } as const;
  const scale = { type: 'log', nice: true } as const;
  return {
    $schema: schema,
    title: { text: result.title, anchor: 'start' },
    background: 'white',
    data: { values },
    facet: { row: { field: 'case', title: null, sort: result.cases.map(({ title }) => title), header } },
    spec: {
      width: 420,
      height: { step: 18 },
      layer: [
        { mark: { type: 'rule', strokeWidth: 2, opacity: 0.45 }, encoding: { x2: { field: 'p99' } } },
        { mark: { type: 'point', filled: true, size: 70, opacity: 1 } },
        {
          mark: { type: 'text', align: 'left', dx: 7, dy: -6, fontSize: 9 },
          encoding: { text: { field: 'text' } },
        },
      ],
      encoding: { x: { field: 'median', type: 'quantitative', title: axis, scale }, y: label, color },
    },
    resolve: { scale: { y: 'independent' } },
    config,
  };
}

const header = { labelOrient: 'top', labelAnchor: 'start', labelFontWeight: 'bold', labelLimit } as const;

/** The chart as an SVG image. */
export function chartSvg(result: Result): Promise<string> {
  return svgOf(chartSpec(result));
}
