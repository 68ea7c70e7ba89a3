import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { requires } from '../../support/require.ts';

describe("the README's example of the library", () => {
  requires('root', 'addon', 'overlay', 'cli');

  it('runs as it is written', () => {
    const example = /```ts\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8'))?.[1] ?? '';
    const directory = mkdtempSync('/var/tmp/orlop-readme-');
    try {
      const library = JSON.stringify(resolve('dist/index.js'));
      writeFileSync(join(directory, 'example.mts'), example.replace("'orlop'", library));
      const output = execFileSync(process.execPath, ['--import=tsx', join(directory, 'example.mts')], {
        encoding: 'utf8',
        env: { ...process.env, ORLOP_ROOT: join(directory, 'store') },
      });
      expect(output).to.equal('0 hi\n\n');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
