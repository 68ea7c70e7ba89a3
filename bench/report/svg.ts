import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

export const schema = 'https://vega.github.io/schema/vega-lite/v6.json';

/** Of what a chart shows: the limit, orlop, and the others. */
export const colors = { domain: ['limit', 'orlop', 'others'], range: ['#6b7280', '#0f766e', '#c2723a'] };

export const config = { font: 'sans-serif', view: { stroke: '#d1d5db' } } as const;

/** Whose program it is. Pure. */
export function sideOf(contestant: string): 'limit' | 'orlop' | 'others' {
  if (contestant.startsWith('orlop')) return 'orlop';
  return contestant.startsWith('limit') ? 'limit' : 'others';
}

/** A chart as an SVG image. */
export async function svgOf(chart: TopLevelSpec): Promise<string> {
  const { spec } = compile(chart);
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}
