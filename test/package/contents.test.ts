import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { build } from 'esbuild';
import { publint } from 'publint';
import { packed } from './packed.ts';
import { needsPrograms } from './tools.ts';

const platforms = ['linux-x64', 'linux-arm64'];
const executables = ['orlop-archive', 'orlop-init', 'orlop-launcher'];
const executable = [
  'dist/cli/orlop.cjs',
  ...platforms.flatMap((one) => ['orlop.glibc.node', ...executables].map((name) => `prebuilds/${one}/${name}`)),
];

/** Newest version of each library that a file asks for: `GLIBC` → [2, 28]. */
function floors(file: string): Map<string, readonly number[]> {
  const table = execFileSync('objdump', ['--dynamic-syms', file], { encoding: 'utf8' });
  const newest = new Map<string, readonly number[]>();
  for (const [, name = '', version = ''] of table.matchAll(/\*UND\*.*\((GLIBC|GLIBCXX|CXXABI|GCC)_([0-9.]+)\)/g)) {
    const parts = version.split('.').map(Number);
    if (compare(parts, newest.get(name) ?? []) > 0) newest.set(name, parts);
  }
  return newest;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? -1) - (b[at] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

describe('the packed package', function () {
  this.timeout(120_000);
  const tarball = packed();

  it('holds the files of test/package/files.txt, no more and no fewer', () => {
    const listed = readFileSync('test/package/files.txt', 'utf8').trim().split('\n');
    const files = tarball().files.map(({ path }) => path);
    // The native sources have a list of their own, which the next test compares; decisions are as many as were made.
    const ofItsOwn = /^native\/.*\.(cc|h)$|^docs\/decisions\/\d{4}-[\w-]+\.md$/;
    expect(files.filter((path) => !ofItsOwn.test(path)).sort()).to.deep.equal(listed);
  });

  it('holds every native source that a build needs', () => {
    const files = new Set(tarball().files.map(({ path }) => path));
    const sources = [...readFileSync('native/sources.txt', 'utf8').matchAll(/^\w+ (\S+)$/gm)].map(
      ([, file = '']) => file,
    );
    expect(sources.length).to.be.greaterThan(40);
    expect(sources.filter((file) => !files.has(file))).to.deep.equal([]);
    const tracked = execFileSync('git', ['ls-files', 'native/*.h'], { encoding: 'utf8' }).trim().split('\n');
    expect(tracked.filter((file) => !files.has(file))).to.deep.equal([]);
  });

  it('can be executed where it is executed, and nowhere else', () => {
    const modes = tarball().files.filter(({ mode }) => (mode & 0o111) !== 0);
    expect(modes.map(({ path }) => path).sort()).to.deep.equal([...executable].sort());
  });

  it('names no place of the machine that it was made on', () => {
    const unpacked = mkdtempSync(join(tarball().directory, 'contents-'));
    execFileSync('tar', ['-xzf', tarball().file, '-C', unpacked]);
    const naming = tarball().files.filter(({ path }) =>
      readFileSync(join(unpacked, 'package', path), 'latin1').includes(`${process.cwd()}/`),
    );
    expect(naming.map(({ path }) => path)).to.deep.equal([]);
  });

  it('has the pages that its pages lead to, but for those about measuring', () => {
    const files = tarball().files.map(({ path }) => path);
    const dead = files
      .filter((path) => path.endsWith('.md'))
      .flatMap((page) =>
        [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, link = '']) => ({
          page,
          target: join(dirname(page), link).replace(/\/$/, ''),
        })),
      )
      .filter(({ target }) => !files.some((path) => path === target || path.startsWith(`${target}/`)));
    expect(dead.filter(({ target }) => !target.startsWith('bench/'))).to.deep.equal([]);
  });

  it('takes no more than 4.75 MB, and a platform of it no more than 1.75 MB', () => {
    expect(tarball().size).to.be.lessThan(4_750_000);
    for (const platform of platforms) {
      const files = executable.filter((file) => file.includes(platform));
      const size = files.reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0);
      expect(size, platform).to.be.lessThan(1_750_000);
    }
  });

  it('depends on nothing and runs no script when it is installed', () => {
    // Yarn and older pnpm take this for an install script.
    expect(tarball().files.map(({ path }) => path)).to.not.include('binding.gyp');
    const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(manifest).to.not.have.any.keys('dependencies', 'optionalDependencies', 'peerDependencies', 'os', 'cpu');
    expect(manifest.gypfile).to.equal(false);
    expect(manifest.scripts).to.not.have.any.keys('preinstall', 'install', 'postinstall', 'prepare');
  });

  it('has a bill of materials, with nothing in it but itself', () => {
    const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--omit=dev'];
    const { metadata, components } = JSON.parse(execFileSync('npm', args, { encoding: 'utf8' }));
    expect(metadata.component.purl).to.match(/^pkg:npm\/orlop@/);
    expect(components).to.deep.equal([]);
  });

  it('has nothing that publint would say', async () => {
    const { messages } = await publint({ strict: true, pack: { tarball: readFileSync(tarball().file).buffer } });
    expect(messages).to.deep.equal([]);
  });

  it('has types that resolve, as attw sees it', () => {
    const attw = 'node_modules/@arethetypeswrong/cli/dist/index.js';
    const args = [attw, tarball().file, '--profile', 'esm-only', '--no-emoji', '--format', 'json'];
    const { analysis } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
    expect(analysis.types.kind).to.equal('included');
    const problems = analysis.problems.filter(
      ({ resolutionKind }: { resolutionKind?: string }) =>
        resolutionKind !== 'node10' && resolutionKind !== 'node16-cjs',
    );
    expect(problems).to.deep.equal([]);
  });
});

describe('NOTICE', () => {
  const notice = readFileSync('NOTICE', 'utf8');

  it('names each package that is bundled into dist/', async () => {
    const entryPoints = ['ts/index.ts', 'ts/cli/bin.ts'];
    const options = { entryPoints, bundle: true, platform: 'node', format: 'esm', outdir: 'dist' } as const;
    const { metafile } = await build({ ...options, target: 'node20', metafile: true, write: false, logLevel: 'error' });
    const bundled = Object.keys(metafile.inputs).flatMap(
      (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
    );
    expect([...new Set(bundled)].sort()).to.deep.equal(['commander', 'valibot']);
    for (const name of new Set(bundled)) expect(notice).to.include(`${name} (MIT`);
  });

  describe('of what is linked statically', () => {
    needsPrograms('dpkg-query');

    for (const [name, library] of [
      ['libarchive-dev', 'libarchive'],
      ['libzstd-dev', 'Zstandard'],
      ['zlib1g-dev', 'zlib'],
      ['nettle-dev', 'Nettle'],
      ['libc6-dev', 'GNU C Library'],
    ] as const) {
      it(`has the version of ${library} that is linked`, () => {
        const installed = execFileSync('dpkg-query', ['--show', name], { encoding: 'utf8' }).trim();
        // 1:1.3.dfsg+really1.3.1-1 is 1.3.1.
        const [, version = ''] = /(?:really|\t(?:\d+:)?)(\d[\d.]*\d)(?:\+[^-]*)?-[^-]*$/.exec(installed) ?? [];
        expect(version, installed).to.match(/^\d+\.\d/);
        expect(notice).to.match(new RegExp(`^ +${library} ${version.replaceAll('.', '\\.')} `, 'm'));
      });
    }
  });
});

describe('the prebuilt files', () => {
  needsPrograms('objdump');

  for (const platform of platforms) {
    it(`for ${platform} load where Node 20 does: glibc 2.28 and libstdc++ of gcc 8`, () => {
      const found = floors(`prebuilds/${platform}/orlop.glibc.node`);
      expect([...found.keys()]).to.include.members(['GLIBC', 'GLIBCXX']);
      for (const [library, limit] of Object.entries({ GLIBC: [2, 28], GLIBCXX: [3, 4, 25], CXXABI: [1, 3, 11] })) {
        expect(compare(found.get(library) ?? [], limit), `${library} ${found.get(library)}`).to.be.at.most(0);
      }
    });

    it(`for ${platform} export the entry of the addon only, and carry no symbol table`, () => {
      const addon = `prebuilds/${platform}/orlop.glibc.node`;
      const exported = execFileSync('objdump', ['--dynamic-syms', addon], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => /^[0-9a-f]{8,} g/.test(line))
        .map((line) => line.split(' ').at(-1));
      expect(exported.sort()).to.deep.equal(['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
      for (const file of executable.filter((one) => one.includes(platform))) {
        expect(execFileSync('readelf', ['--section-headers', file], { encoding: 'utf8' })).to.not.match(
          /\.symtab|\.debug/,
        );
      }
    });

    it(`for ${platform} read and write no archive but tar`, () => {
      const archive = readFileSync(`prebuilds/${platform}/orlop-archive`, 'latin1');
      expect(archive).to.include('POSIX pax interchange format');
      for (const other of ['7zip', 'ISO9660', 'cpio', 'WARC', 'PKWARE']) expect(archive).to.not.include(other);
    });

    it(`for ${platform} include executables that need no library`, () => {
      for (const name of executables) {
        const file = `prebuilds/${platform}/${name}`;
        expect(execFileSync('readelf', ['--dynamic', file], { encoding: 'utf8' })).to.not.include('NEEDED');
        expect(execFileSync('readelf', ['--program-headers', file], { encoding: 'utf8' })).to.not.include('INTERP');
      }
    });
  }
});
