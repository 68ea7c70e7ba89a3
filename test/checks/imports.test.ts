import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect } from 'chai';

/** Which rooms of `ts/` each room may import from; data flows one way. `errors`, `native` and `linux` are open to all. */
const allowed: Record<string, readonly string[]> = {
  errors: [],
  native: [],
  linux: [],
  request: [],
  plan: ['request'],
  trace: ['plan'],
  store: [],
  images: ['store'],
  volumes: ['store'],
  launch: ['plan'],
  supervise: ['launch'],
  containers: ['request', 'plan', 'trace', 'store', 'images', 'volumes', 'launch', 'supervise'],
  api: ['request', 'plan', 'trace', 'store', 'images', 'volumes', 'launch', 'supervise', 'containers'],
  cli: ['request', 'plan', 'trace', 'store', 'images', 'volumes', 'launch', 'supervise', 'containers', 'api'],
};
const open = ['errors', 'native', 'linux'];

const files = readdirSync('ts', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

function importsOf(file: string): string[] {
  const text = readFileSync(join('ts', file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map((match) =>
    normalize(join(dirname(file), match[1] ?? '')),
  );
}

describe('imports of ts/', () => {
  for (const file of files) {
    const room = file.split('/')[0] ?? '';
    if (!file.includes('/')) continue;
    it(`${file} imports only from rooms that ${room} may know`, () => {
      expect(allowed, `room ${room} in the table`).to.have.property(room);
      for (const target of importsOf(file)) {
        const other = target.split('/')[0] ?? '';
        if (other === room || open.includes(other)) continue;
        expect(allowed[room], `${file} imports ${target}`).to.include(other);
      }
    });
  }
});
