import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect } from 'chai';

/** What a room may import: other rooms, or single files of them; data flows one way. */
interface Directions {
  readonly uses: readonly string[];
  /** What it may import as types only. */
  readonly types?: readonly string[];
}

/** For each room of `ts/` what it needs and no more, beside the rooms that are open to all. */
const rooms: Readonly<Record<string, Directions | 'all'>> = {
  errors: { uses: [] },
  native: { uses: [] },
  linux: { uses: [] },
  request: { uses: [] },
  plan: { uses: [] },
  trace: { uses: ['plan'] },
  store: { uses: [] },
  images: { uses: ['store'] },
  volumes: { uses: ['store'] },
  record: { uses: ['plan', 'store', 'volumes', 'launch/guard.ts'], types: ['request', 'supervise/exit.ts'] },
  launch: { uses: ['plan'] },
  resolve: {
    uses: ['request', 'plan', 'store', 'images', 'volumes', 'record', 'cgroups/place.ts', 'launch/abort.ts'],
    types: ['trace/laps.ts', 'cgroups/device-filter.ts'],
  },
  cgroups: { uses: ['store/system-error.ts'], types: ['request/limits.ts'] },
  prefetch: {
    uses: ['plan', 'launch', 'record', 'store', 'cgroups'],
    types: ['request/limits.ts', 'request/types.ts'],
  },
  supervise: { uses: ['launch/next-tick.ts', 'record', 'store/explain.ts'], types: ['store/store.ts', 'cgroups'] },
  containers: {
    uses: ['plan', 'store', 'images', 'volumes', 'launch', 'record', 'resolve', 'cgroups', 'prefetch', 'supervise'],
    types: ['request', 'trace/laps.ts'],
  },
  pool: {
    uses: ['plan', 'store', 'images', 'volumes', 'launch', 'record', 'resolve', 'prefetch', 'supervise', 'containers'],
    types: ['request'],
  },
  api: 'all',
  cli: 'all',
};
const open = ['errors', 'native', 'linux'];

const files = readdirSync('ts', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const texts = new Map(files.map((file) => [file, readFileSync(join('ts', file), 'utf8')]));

interface Import {
  readonly from: string;
  readonly to: string;
  /** Nothing of it is left when the program runs. */
  readonly type: boolean;
}

const statement = /^(?:import|export)\s+(?<what>[^;']*?)\s*(?:from\s*)?'(?<path>\.{1,2}\/[^']+)'/gm;
const expression = /(?<before>typeof\s+)?\bimport\(\s*'(?<path>\.{1,2}\/[^']+)'\s*\)/g;

function isTypeOnly(what: string): boolean {
  if (/^type\b/.test(what)) return true;
  const names = /^\{(.*)\}$/s.exec(what)?.[1]?.split(',');
  return names?.every((name) => /^\s*(type\s|$)/.test(name)) ?? false;
}

/** Imports of each kind that a file may have; those of packages and of Node are left out. */
function importsOf(from: string): Import[] {
  const text = texts.get(from) ?? '';
  const at = (path: string) => normalize(join(dirname(from), path));
  const found: Import[] = [];
  for (const { groups: { what = '', path = '' } = {} } of text.matchAll(statement)) {
    found.push({ from, to: at(path), type: isTypeOnly(what) });
  }
  for (const { groups: { before, path = '' } = {} } of text.matchAll(expression)) {
    found.push({ from, to: at(path), type: before !== undefined });
  }
  return found;
}

const roomOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : '');
const imports = files.flatMap(importsOf);

/** From one room into another that is not open to all. */
const between = imports.filter(({ from, to }) => {
  const [room, other] = [roomOf(from), roomOf(to)];
  return room !== '' && room !== other && !open.includes(other);
});

const covers = (allowed: string, to: string) => allowed === to || allowed === roomOf(to);
const words = ({ from, to, type }: Import) => `${from} → ${to}${type ? ' (types)' : ''}`;

describe('imports of ts/', () => {
  it('lead to files that there are', () => {
    expect(imports.filter(({ to }) => !texts.has(to)).map(words)).to.deep.equal([]);
  });

  it('are of rooms that are in the table, and the table has no others', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => room !== '')).to.have.members(Object.keys(rooms));
  });

  for (const [room, directions] of Object.entries(rooms)) {
    if (directions === 'all') continue;
    const { uses, types = [] } = directions;

    it(`lead from ${room} only where its direction is`, () => {
      const allowed = ({ to, type }: Import) => (type ? [...uses, ...types] : uses).some((one) => covers(one, to));
      const wrong = between.filter((one) => roomOf(one.from) === room && !allowed(one));
      expect(wrong.map(words)).to.deep.equal([]);
    });

    it(`are all needed that ${room} may have`, () => {
      const own = between.filter(({ from }) => roomOf(from) === room);
      const unneeded = [
        ...uses.filter((one) => !own.some(({ to, type }) => !type && covers(one, to))),
        ...types.filter((one) => !own.some(({ to, type }) => type && covers(one, to))),
      ];
      expect(unneeded).to.deep.equal([]);
    });
  }

  it('go round in no circle, those of types aside', () => {
    const graph = new Map(files.map((file) => [file, [] as string[]]));
    for (const { from, to, type } of imports) if (!type) graph.get(from)?.push(to);
    expect(circles(graph).map((circle) => circle.join(' → '))).to.deep.equal([]);
  });
});

/** Circles of a graph: for each group of nodes that lead to each other, one way round. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (node: string): void => {
    const at = way.indexOf(node);
    if (at >= 0) found.push([...way.slice(at), node]);
    if (at >= 0 || done.has(node)) return;
    way.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    way.pop();
    done.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return found;
}

/** Calls of a function of the addon in `ts/`, whatever the addon is called there. */
function callsOf(name: string): string[] {
  const call = new RegExp(`\\bnative\\??\\.${name}\\(`, 'gi');
  return [...texts].flatMap(([file, text]) => [...text.matchAll(call)].map(() => file));
}

describe('the way from a request to a running container', () => {
  it('is one: a prepared start is launched in one place', () => {
    expect(callsOf('launch')).to.deep.equal(['launch/launch.ts']);
  });

  it('has one other end: a container of a pool becomes the application in one place', () => {
    expect(callsOf('becomeApplication')).to.deep.equal(['pool/become.ts']);
  });

  it('takes none of the two from the addon by another name', () => {
    const taken = [...texts].filter(([, text]) =>
      /\{[^{}]*\b(launch|becomeApplication)\b[^{}]*\} = [\w.]*native\b/i.test(text),
    );
    expect(taken.map(([file]) => file)).to.deep.equal([]);
  });
});
