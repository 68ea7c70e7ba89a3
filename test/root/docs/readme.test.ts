import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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
  requires('root', 'addon', 'archive', 'overlay', 'cli', 'busybox');
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync('/var/tmp/orlop-readme-');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('of the library runs as it is written', () => {
    const [example = ''] = blocks('ts');
    const library = JSON.stringify(resolve('dist/index.js'));
    writeFileSync(join(directory, 'example.mts'), example.replace("'orlop'", library));
    const output = execFileSync(process.execPath, ['--import=tsx', join(directory, 'example.mts')], {
      encoding: 'utf8',
      env: { ...process.env, ORLOP_ROOT: join(directory, 'store') },
    });
    expect(output).to.equal('0 hi\n\n');
  });

  it('at a shell run as they are written, with what they name', () => {
    const example = blocks('sh').find((body) => body.includes('orlop import')) ?? '';
    expect(example.trim().split('\n')).to.have.length(4);
    mkdirSync(join(directory, 'bin'));
    symlinkSync(resolve('dist/cli/orlop.cjs'), join(directory, 'bin/orlop'));
    renameSync(busyboxArchive(directory), join(directory, 'debian.tar'));
    writeFileSync(join(directory, 'one.conf'), '');
    const home = 'mount -t tmpfs tmpfs /home; echo from home > /home/a';
    const output = execFileSync('unshare', ['--mount', '--propagation=private', 'sh', '-ec', `${home}\n${example}`], {
      cwd: directory,
      encoding: 'utf8',
      env: { ...process.env, ORLOP_ROOT: join(directory, 'store'), PATH: `${directory}/bin:${process.env.PATH}` },
    });
    expect(output.trim().split('\n').at(-1)).to.equal('from home');
    const volumes = readdirSync(join(directory, 'store/volumes')).filter((name) => !name.startsWith('.'));
    for (const name of volumes) {
      expect(readFileSync(join(directory, 'store/volumes', name, '_data/f'), 'utf8')).to.equal('hi\n');
    }
    expect(volumes).to.have.length(2).and.to.include('data');
  });
});
