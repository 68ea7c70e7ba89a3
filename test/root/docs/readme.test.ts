import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { busyboxArchive } from '../../support/busybox.ts';
import { requires } from '../../support/require.ts';

/** Code blocks of the README in a language. */
function blocks(language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm');
  return [...readFileSync('README.md', 'utf8').matchAll(pattern)].map(([, body = '']) => body);
}

describe('the examples in the README', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'cli', 'busybox');
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync('/var/tmp/orlop-readme-');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('of the library runs as it is written', () => {
    const library = JSON.stringify(resolve('dist/index.js'));
    const outputs = blocks('ts').map((example, index) => {
      const file = join(directory, `example-${index}.mts`);
      writeFileSync(file, example.replace("'orlop'", library));
      const env = { ...process.env, ORLOP_ROOT: join(directory, 'store') };
      return execFileSync(process.execPath, ['--import=tsx', file], { encoding: 'utf8', env });
    });
    expect(outputs).to.deep.equal(['0 hi\n\n', '[ 4, 4, 6 ]\n']);
  });

  it('at a shell run in order, as they are written', () => {
    const example = blocks('sh').find((body) => body.includes('orlop import')) ?? '';
    expect(example.trim().split('\n')).to.have.length(6);
    mkdirSync(join(directory, 'bin'));
    symlinkSync(resolve('dist/cli/orlop.cjs'), join(directory, 'bin/orlop'));
    // In place of mmdebstrap, which would download a distribution.
    const archive = busyboxArchive(directory);
    writeFileSync(join(directory, 'bin/mmdebstrap'), `#!/bin/sh\nmv ${archive} "$3"\n`, { mode: 0o755 });
    const output = execFileSync('unshare', ['--mount', '--propagation=private', 'sh', '-ec', example], {
      cwd: directory,
      encoding: 'utf8',
      env: { ...process.env, ORLOP_ROOT: join(directory, 'store'), PATH: `${directory}/bin:${process.env.PATH}` },
    });
    expect(output.trim().split('\n').at(-1)).to.equal('colour = blue');
    const volumes = readdirSync(join(directory, 'store/volumes')).filter((name) => !name.startsWith('.'));
    expect(volumes).to.deep.equal(['data']);
    expect(readFileSync(join(directory, 'store/volumes/data/_data/f'), 'utf8')).to.equal('hi\n');
  });
});
