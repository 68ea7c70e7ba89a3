import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { commentExamples, examplesOf, pattern } from '../../support/examples.ts';
import { requires, requiresIn } from '../../support/require.ts';

const applets = [
  'cat',
  'echo',
  'env',
  'grep',
  'head',
  'id',
  'ls',
  'mkdir',
  'ps',
  'rm',
  'sh',
  'sleep',
  'stat',
  'touch',
  'true',
  'wc',
];

/** Pages for developers show commands of a checkout, which the levels of tests run themselves. */
const forDevelopers = ['benchmarks.md', 'contributing.md'];

/** Programs that do not end by themselves; test/root/examples runs them. */
const programs = readdirSync('examples').map((name) => readFileSync(join('examples', name), 'utf8'));

/** What describes the names that the library exports. */
const commented = [
  'ts/api/orlop.ts',
  'ts/errors/errors.ts',
  'ts/request/types.ts',
  ...readdirSync('ts/api/types').map((name) => `ts/api/types/${name}`),
];

describe('the examples in docs/', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'cli', 'busybox');
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync('/var/tmp/orlop-docs-');
    mkdirSync(join(directory, 'bin'));
    symlinkSync(resolve('dist/cli/orlop.cjs'), join(directory, 'bin/orlop'));
    // What `import orlop from node_modules` finds.
    mkdirSync(join(directory, 'node_modules'));
    symlinkSync(process.cwd(), join(directory, 'node_modules/orlop'));
    makeBusybox();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const run = (program: string, args: string[], input = '') =>
    spawnSync(program, args, {
      cwd: directory,
      input,
      encoding: 'utf8',
      env: {
        ...process.env,
        PATH: `${directory}/bin:${process.env.PATH}`,
        ORLOP_ROOT: join(directory, 'store'),
        NO_COLOR: '1',
      },
    });

  /** busybox.tar: the root filesystem that the pages import. */
  function makeBusybox(): void {
    mkdirSync(join(directory, 'rootfs/bin'), { recursive: true });
    mkdirSync(join(directory, 'rootfs/etc'));
    copyFileSync('/bin/busybox', join(directory, 'rootfs/bin/busybox'));
    for (const name of applets) symlinkSync('busybox', join(directory, 'rootfs/bin', name));
    run('tar', ['-C', 'rootfs', '-cf', 'busybox.tar', '.']);
    rmSync(join(directory, 'rootfs'), { recursive: true });
  }

  function runModuleOf(test: Mocha.Context, source: string, output: readonly string[]): void {
    // The older system calls make no user namespace for a container.
    if (process.env.ORLOP_FEATURES === '0' && /userns|sandbox\(/.test(source)) return;
    if (source.includes('sandbox(')) requiresIn(test, 'limits');
    writeFileSync(join(directory, 'example.mts'), source);
    const tsx = resolve('node_modules/tsx/dist/loader.mjs');
    run('orlop', ['import', 'busybox.tar', 'busybox']);
    const { stdout, stderr, status } = run(process.execPath, [`--import=${tsx}`, 'example.mts']);
    expect({ stderr, status }).to.deep.equal({ stderr: '', status: 0 });
    expect(stdout).to.match(pattern(output));
  }

  for (const name of readdirSync('docs').filter((one) => one.endsWith('.md'))) {
    const { shell, modules: all, languages } = examplesOf(readFileSync(join('docs', name), 'utf8'));
    const modules = all.filter(({ source }) => !programs.includes(source));

    it(`of ${name} are in languages that are run`, () => {
      const run = forDevelopers.includes(name) ? ['sh', 'ts', 'text'] : ['console', 'ts', 'text'];
      expect(languages.filter((language) => !run.includes(language))).to.deep.equal([]);
    });

    if (shell.length > 0) {
      it(`of ${name} print in a shell what the page shows`, () => {
        const mark = '\u0001';
        const script = shell.map(({ command }) => `${command}\nprintf '${mark}'`).join('\n');
        const outputs = run('bash', ['-c', `exec 2>&1\n${script}`]).stdout.split(mark);
        for (const [at, { command, output }] of shell.entries()) {
          expect(outputs[at], `$ ${command}`).to.match(pattern(output));
        }
      });
    }

    for (const [at, { source, output }] of modules.entries()) {
      it(`of ${name} run as modules: ${at + 1} of ${modules.length}`, function () {
        runModuleOf(this, source, output);
      });
    }
  }

  for (const name of commented) {
    const examples = commentExamples(readFileSync(name, 'utf8'));
    for (const [at, { source, output }] of examples.entries()) {
      it(`of the doc comments of ${name} run as modules: ${at + 1} of ${examples.length}`, function () {
        runModuleOf(this, source, output);
      });
    }
  }
});
