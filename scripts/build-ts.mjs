// Builds dist/: the library and the command line as one file each, and the types that the library exports. One file
// starts faster than many: a module costs a start some 0.1 ms. Modules that a command does not need stay unevaluated in
// it. The bundles include the libraries, so the package has no dependencies.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedDataVersionTag } from 'node:v8';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
rmSync('dist', { recursive: true, force: true });

/**
 * commander loads node:child_process (and so node:net) for subcommands in separate files, which orlop does not have.
 */
const withoutChildProcess = {
  name: 'without-child-process',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes('/commander/') ? { path: 'child_process', namespace: 'lazy' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'lazy' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** Light replacements of Node's modules: a command needs only a small part of each. */
const standIns = {
  name: 'stand-ins',
  setup({ onResolve }) {
    const own = {
      'node:crypto': 'ts/cli/light/node-crypto.ts',
      'node:fs/promises': 'ts/cli/light/node-fs-promises.ts',
      'node:os': 'ts/cli/light/node-os.ts',
      'node:path': 'ts/cli/light/node-path.ts',
      'node:timers/promises': 'ts/cli/light/node-timers-promises.ts',
    };
    onResolve({ filter: /^node:/ }, ({ path }) =>
      own[path] === undefined ? undefined : { path: join(root, own[path]) },
    );
  },
};

/**
 * Modules that only some commands need, by the importing module. They are evaluated at the first call of a function, so
 * only functions that return a promise can be imported from them. An import() in the sources would not do: tests that
 * load the sources as CommonJS would get two copies of each class.
 */
const later = {
  'ts/api/container.ts': [
    ...['../containers/commit.ts', '../containers/layer-reads.ts', '../containers/unless-removed.ts'],
    '../containers/wait.ts',
  ],
  'ts/api/orlop.ts': ['../containers/plan.ts', './pool.ts', './run.ts'],
  'ts/cli/main.ts': ['./parse/parse.ts'],
  'ts/resolve/filter.ts': ['./compile-filter.ts'],
  'ts/images/transfer/archiver.ts': ['../archive/index.ts'],
  'ts/images/layers/ensure-layers.ts': ['./unpack-layers.ts'],
  'ts/images/images.ts': [
    ...['./commit.ts', './inspect.ts', './records/index-json.ts', './remove.ts'],
    ...['./transfer/import.ts', './transfer/load.ts', './transfer/save.ts'],
  ],
  'ts/volumes/prepare.ts': ['./copy-up.ts'],
};

/**
 * Fails the build for an import in `later` that was moved or renamed: it would silently be evaluated at every start.
 */
const asked = new Set();
function refuseUnused() {
  const listed = Object.entries(later).flatMap(([importer, paths]) => paths.map((path) => `${importer} ${path}`));
  const unused = listed.filter((one) => !asked.has(one));
  if (unused.length > 0) throw new Error(`no such imports: ${unused.join(', ')}`);
}

const loadedLater = {
  name: 'loaded-later',
  setup({ onResolve, onLoad, onEnd }) {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, importer, namespace, resolveDir }) => {
      const file = join(resolveDir, path);
      if (namespace === 'later') return { path: file };
      const from = relative(root, importer);
      const waits = later[from]?.includes(path);
      if (waits) asked.add(`${from} ${path}`);
      return waits ? { path: file, namespace: 'later' } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => {
      const names = [...readFileSync(path, 'utf8').matchAll(/^export async function (\w+)/gm)].map(([, name]) => name);
      const call = (name) =>
        `export async function ${name}(...given) { return (await import('./${basename(path)}')).${name}(...given); }`;
      return { contents: names.map(call).join('\n'), resolveDir: dirname(path) };
    });
    onEnd(refuseUnused);
  },
};

const common = { bundle: true, platform: 'node', target: 'node20.19', legalComments: 'eof', logLevel: 'warning' };

await build({
  ...common,
  entryPoints: ['ts/index.ts'],
  outfile: 'dist/index.js',
  format: 'esm',
  // Node 20 has these symbols only in its main context, and a test runner may load the bundle in another one.
  inject: ['scripts/dispose.mjs'],
  define: { 'Symbol.asyncDispose': 'asyncDispose', 'Symbol.dispose': 'syncDispose' },
});

const cli = 'dist/cli/main.cjs';
await build({
  ...common,
  entryPoints: ['ts/cli/bin.ts'],
  outfile: cli,
  format: 'cjs',
  // A CommonJS module has no import.meta.
  define: { 'import.meta.url': 'undefined' },
  plugins: [withoutChildProcess, standIns, loadedLater],
  // Modules that a command does not need are not loaded. A call of require is faster than the ES module loader.
  supported: { 'dynamic-import': false },
  // ASCII, because the loader reads it as latin1, which needs no decoding, and compiles it itself.
  charset: 'ascii',
  minify: true,
});

// Wrapped here into the function that the loader calls: wrapping it there would copy the text.
writeFileSync(cli, `(function (require, module, __filename, __dirname) {${readFileSync(cli, 'latin1')}\n})`, 'latin1');

/** The code cache holds the functions that a command has used until its exit, so one runs in a process of its own. */
const program = 'dist/cli/orlop.cjs';
const main = createHash('sha256').update(readFileSync(cli)).digest('hex').slice(0, 16);
// Must match scripts/cli-loader.cjs.
const features = ['i18n_support', 'pointer_compression', 'webassembly', 'sandbox', 'lite_mode'];
const traits = features.map((name) => process.config.variables[`v8_enable_${name}`]);
const kind = [process.versions.v8, process.arch, ...traits].join('-');
const built = `{ kind: '${kind}', tag: ${cachedDataVersionTag()}, main: '${main}' }`;
writeFileSync(
  program,
  readFileSync('scripts/cli-loader.cjs', 'utf8').replace(`{ kind: 'KIND', tag: 0, main: 'MAIN' }`, built),
);
copyFileSync('scripts/cli-own-cache.cjs', 'dist/cli/own-cache.cjs');
chmodSync(program, 0o755);
makeCache();

copyTypes();
execFileSync(process.execPath, ['--import=tsx', 'scripts/pages.ts'], { stdio: 'inherit' });

/** Output to a file runs the same code as output to a terminal. */
function makeCache() {
  const log = 'dist/cli/cache.log';
  const file = openSync(log, 'w');
  execFileSync(process.execPath, ['scripts/cli-cache.cjs'], { stdio: ['ignore', file, file] });
  rmSync(log);
}

/** Copies the declarations that index.d.ts refers to, and no others. */
function copyTypes() {
  const all = mkdtempSync(join(tmpdir(), 'orlop-types-'));
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', all];
  try {
    execFileSync(process.execPath, tsc, { stdio: 'inherit' });
    const found = new Set(['index.d.ts']);
    for (const name of found) {
      const text = readFileSync(join(all, name), 'utf8').replace(
        /(from '|import\(')(\.[^']*)\.ts'/g,
        (_, start, path) => {
          found.add(join(dirname(name), `${path}.d.ts`));
          return `${start}${path}.js'`;
        },
      );
      mkdirSync(join('dist', dirname(name)), { recursive: true });
      writeFileSync(join('dist', name), text);
    }
  } finally {
    rmSync(all, { recursive: true });
  }
}
