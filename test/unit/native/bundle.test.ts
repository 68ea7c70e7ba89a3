import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { build } from 'esbuild';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('a program that has orlop in a bundle of its own', () => {
  const directory = temporaryDirectory();

  it('is told that the native part is not beside it, and how to keep orlop out of the bundle', async () => {
    const outfile = join(directory(), 'program.mjs');
    const contents = `import { Orlop } from ${JSON.stringify(resolve('ts/index.ts'))};
Orlop.open().catch(({ code, message, hint }) => console.log(JSON.stringify({ code, message, hint })));`;
    const stdin = { contents, resolveDir: directory() };
    await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' });
    const { ORLOP_NATIVE: _, ...env } = process.env;
    const { stdout, stderr } = spawnSync(process.execPath, [outfile], { encoding: 'utf8', env });
    expect(stderr).to.equal('');
    const { code, message, hint } = JSON.parse(stdout);
    expect(code).to.equal('ORLOP_E_NATIVE');
    expect(message).to.include(`${directory()}/prebuilds/`);
    expect(hint).to.match(/keep it out of a bundle \(esbuild --external:orlop\)/);
  });
});
