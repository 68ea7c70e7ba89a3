// Draws docs/pictures/start.svg from a real start: `--trace` of a container with a volume, the fifth of five.
// usage (as root, after a build): node --import=tsx scripts/trace-picture.ts
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur: number;
}

/** Shorter ones are drawn and not named. */
const namedFrom = 20;

function trace(): readonly TraceEvent[] {
  const directory = mkdtempSync('/var/tmp/orlop-picture-');
  const file = join(directory, 'start.json');
  const argv = ['dist/cli/orlop.cjs', '--root', join(directory, 'store'), 'run', '--rm', '--trace', file];
  try {
    for (let round = 0; round < 5; round++) execFileSync('node', [...argv, '-v', 'data:/test', 'host', 'true']);
    return JSON.parse(readFileSync(file, 'utf8')).traceEvents.filter(({ ph }: TraceEvent) => ph === 'X');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function picture(events: readonly TraceEvent[]): TopLevelSpec {
  const first = Math.min(...events.map(({ ts }) => ts));
  const values = events.map(({ name, ts, dur }, order) => ({
    name: dur >= namedFrom ? name : `${name} `,
    order,
    from: ts - first,
    to: ts - first + dur,
    long: dur >= namedFrom,
    label: dur >= namedFrom ? `${name} ${Math.round(dur)}` : '',
  }));
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    title: { text: 'A start, operation by operation (microseconds)', anchor: 'start' },
    width: 640,
    height: { step: 6 },
    data: { values },
    encoding: {
      y: { field: 'order', type: 'ordinal', axis: null },
      x: { field: 'from', type: 'quantitative', title: 'microseconds since the call' },
    },
    layer: [
      { mark: { type: 'bar', color: '#0f766e' }, encoding: { x2: { field: 'to' } } },
      {
        mark: { type: 'text', align: 'left', dx: 4, fontSize: 9 },
        encoding: { x: { field: 'to', type: 'quantitative' }, text: { field: 'label' } },
      },
    ],
  };
}

const view = new vega.View(vega.parse(compile(picture(trace())).spec), { renderer: 'none' });
writeFileSync('docs/pictures/start.svg', `${await view.toSVG()}\n`);
