import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const program = resolve('dist/cli/orlop.cjs');
const runDirectory = '/run/orlop';

/** For V8 another program: what is compiled with this flag fits no other. */
const flag = '--max-lazy';

describe('the compiled form of the command line', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'overlay', 'cli');
  const root = temporaryDirectory();

  // Of this file's own, however it is run: its mode is changed here, and everybody's commands look at it.
  before(() => {
    mkdirSync(runDirectory, { recursive: true, mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=700', 'tmpfs', runDirectory]);
  });
  after(() => {
    execFileSync('umount', [runDirectory]);
  });

  const caches = () => readdirSync(runDirectory).filter((name) => name.startsWith('cli-'));
  const file = () => join(runDirectory, caches()[0] ?? 'none');

  const node = (...argv: string[]) => {
    const env = { ...process.env, ORLOP_CLI_CACHE: '' };
    const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', env });
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
  };
  const run = (...flags: string[]) => node(...flags, program, '--root', root(), 'run', '--rm', 'host', 'true');

  /** Whether one was found, and fits: false, true, or undefined when there was none. */
  const rejected = (...flags: string[]) => {
    const source = `process.stdout.write(String(require(${JSON.stringify(program)}).cachedDataRejected))`;
    const env = { ...process.env, ORLOP_CLI_CACHE: '1' };
    return spawnSync(process.execPath, [...flags, '-e', source], { encoding: 'utf8', env }).stdout;
  };

  afterEach(() => {
    for (const name of caches()) rmSync(join(runDirectory, name));
  });

  it('is that of the package for the Node that built it, and none is left', () => {
    expect(rejected()).to.equal('false');
    run();
    expect(caches()).to.deep.equal([]);
  });

  it('is left by the first run of another one, for its owner only, and used by the next', () => {
    run(flag);
    expect(caches()).to.have.length(1);
    const { mode, uid, ino } = lstatSync(file());
    expect({ mode: (mode & 0o7777).toString(8), uid }).to.deep.equal({ mode: '600', uid: 0 });
    expect(rejected(flag)).to.equal('false');
    run(flag);
    expect(lstatSync(file()).ino).to.equal(ino);
  });

  /** A copy of the command that was built by another Node. */
  function builtOtherwise(change: (kind: string) => string): string {
    const copy = join(root(), 'dist/cli');
    cpSync(dirname(program), copy, { recursive: true });
    const loader = join(copy, 'orlop.cjs');
    const text = readFileSync(loader, 'utf8');
    writeFileSync(
      loader,
      text.replace(/kind: '([^']*)'/, (_, kind) => `kind: '${change(kind)}'`),
    );
    expect(readFileSync(loader, 'utf8')).to.not.equal(text);
    return loader;
  }

  // V8 takes it, and ends with a segmentation fault: an x64 one on arm64, with the same version of Node.
  it('is not that of the package on another processor', () => {
    const loader = builtOtherwise((kind) => kind.replace(process.arch, 's390x'));
    const source = `process.stdout.write(String(require(${JSON.stringify(loader)}).cachedDataRejected))`;
    expect(execFileSync(process.execPath, ['-e', source], { encoding: 'utf8' })).to.equal('undefined');
  });

  it('is known by its kind for another Node, which loads nothing for it', () => {
    const loader = builtOtherwise((kind) => `0${kind}`);
    const observer = join(root(), 'observer.cjs');
    writeFileSync(
      observer,
      `const { cachedDataRejected } = require(${JSON.stringify(loader)});
      const loaded = process.moduleLoadList.includes('NativeModule v8');
      console.log(JSON.stringify({ cachedDataRejected, loaded }));`,
    );
    const seen = () => JSON.parse(execFileSync(process.execPath, [observer], { encoding: 'utf8' })) as object;
    expect(seen()).to.deep.equal({ loaded: false });
    const env = { ...process.env, ORLOP_NATIVE: process.env.ORLOP_NATIVE || resolve('build/Release/orlop.node') };
    execFileSync(process.execPath, [loader, '--root', root(), 'run', '--rm', 'host', 'true'], { env });
    const [own = ''] = caches().map((name) => name.split('-').slice(2).join('-'));
    expect(own).to.match(new RegExp(`^${process.versions.v8}-${process.arch}-[-01]+\\.cache$`));
    expect(seen()).to.deep.equal({ cachedDataRejected: false, loaded: false });
  });

  it('is not left by a command that starts nothing', () => {
    run();
    node(flag, program, '--root', root(), 'ps');
    expect(rejected(flag)).to.equal('undefined');
    expect(caches()).to.deep.equal([]);
  });

  for (const [what, change] of [
    ['others may write to', () => chmodSync(file(), 0o622)],
    ['others may read', () => chmodSync(file(), 0o604)],
    [
      'a symlink leads to',
      () => {
        const [path, elsewhere] = [file(), join(runDirectory, 'elsewhere')];
        renameSync(path, elsewhere);
        symlinkSync(elsewhere, path);
      },
    ],
    ['lies in a directory that others may enter', () => chmodSync(runDirectory, 0o755)],
  ] as const) {
    it(`is not taken from a file that ${what}`, () => {
      run(flag);
      expect(rejected(flag)).to.equal('false');
      try {
        change();
        expect(rejected(flag)).to.equal('undefined');
      } finally {
        chmodSync(runDirectory, 0o700);
      }
    });
  }

  for (const [what, change] of [
    ['is cut off', () => truncateSync(file(), 1000)],
    ['is something else', () => writeFileSync(file(), 'x'.repeat(1000))],
  ] as const) {
    it(`is made again where the file ${what}`, () => {
      run(flag);
      change();
      expect(rejected(flag)).to.equal('true');
      run(flag);
      expect(rejected(flag)).to.equal('false');
    });
  }

  it('is not asked for by a Node that is too old, which is said instead', () => {
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
    const [, major = 0, minor = 0] = /^>=(\d+)\.(\d+)$/.exec(engines.node) ?? [];
    const preload = join(root(), 'preload.cjs');
    const started = (version: string) => {
      const versions = `{ value: { ...process.versions, node: '${version}' } }`;
      writeFileSync(preload, `Object.defineProperty(process, 'versions', ${versions});`);
      const argv = ['--require', preload, program, '--version'];
      const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
      return { status, stdout, stderr };
    };
    for (const old of ['18.20.8', `${major}.${Number(minor) - 1}.9`]) {
      const stderr = `orlop: this is Node ${old}, which is too old\nhint: use Node ${major}.${minor} or newer\n`;
      expect(started(old)).to.deep.equal({ status: 125, stdout: '', stderr });
    }
    for (const good of [`${major}.${minor}.0`, '26.1.0']) expect(started(good).stdout, good).to.match(/^orlop version/);
  });

  it('does not gather', () => {
    run();
    for (let i = 0; i < 8; i++) writeFileSync(join(runDirectory, `cli-${i}.cache`), '');
    run(flag);
    expect(caches()).to.have.length(1);
  });
});
