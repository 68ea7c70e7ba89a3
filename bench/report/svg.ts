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

/** Each colour of a chart on a dark page: those of the sides, of text, of background, and of axes and grids. */
export const darkColors: Readonly<Record<string, string>> = {
  [sides.limit]: '#9198a1',
  [sides.orlop]: '#2dd4bf',
  [sides.others]: '#e0965f',
  '#000': '#f0f6fc',
  white: '#0d1117',
  '#888': '#848d97',
  '#d1d5db': '#3d444d',
  '#ddd': '#30363d',
};

/** Style sheet that a reader's browser applies on a dark page. Vega draws one set of colours, as attributes. Pure. */
function darkStyle(): string {
  const rules = Object.entries(darkColors).flatMap(([light, dark]) =>
    ['fill', 'stroke'].map((paint) => `[${paint}="${light}"]{${paint}:${dark}}`),
  );
  return `<style>@media(prefers-color-scheme:dark){${rules.join('')}}</style>`;
}

/** A chart as an SVG image, for light and dark pages. */
export async function svgOf(chart: TopLevelSpec): Promise<string> {
  // Without it, each case of a chart warns that its axis is its own, which is what the chart wants.
  const { spec } = compile(chart, { logger: vega.logger(vega.Error) });
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  try {
    const svg = await view.toSVG();
    return `${svg.replace('>', `>${darkStyle()}`)}\n`;
  } finally {
    view.finalize();
  }
}
