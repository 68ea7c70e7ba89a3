import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

export const schema = 'https://vega.github.io/schema/vega-lite/v6.json';

const sides = { limit: '#6b7280', orlop: '#0f766e', others: '#c2723a' } as const;

/** Of what a chart shows: the limit, orlop, and the others. */
export type Side = keyof typeof sides;

/** The colours of the sides that a chart shows; its legend names no other. Pure. */
export function colorsOf(shown: readonly { readonly side: Side }[]) {
  const domain = (Object.keys(sides) as Side[]).filter((side) => shown.some((one) => one.side === side));
  return { domain, range: domain.map((side) => sides[side]) };
}

export const config = { font: 'sans-serif', view: { stroke: '#d1d5db' } } as const;

/** Whose program it is. Pure. */
export function sideOf(contestant: string): Side {
  if (contestant.startsWith('orlop')) return 'orlop';
  return contestant.startsWith('limit') || contestant === 'floor' ? 'limit' : 'others';
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
