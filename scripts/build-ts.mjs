// Builds dist/: the library and the command line as one file each, and the types of what the library exports. One file
// starts faster than many (a module each costs a start some 0.1 ms; what a command does not need stays unevaluated in
// it), and with the libraries inside it the package depends on nothing.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
rmSync('dist', { recursive: true, force: true });

/** commander loads node:child_process, and with it node:net, for subcommands in files of their own, which we have not. */
const withoutChildProcess = {
  name: 'without-child-process',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes('/commander/') ? { path: 'child_process', namespace: 'lazy' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'lazy' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** A command has nothing to do while it waits for a file, and little to encrypt. */
const standIns = {
  name: 'stand-ins',
  setup({ onResolve }) {
    const own = { 'node:fs/promises': 'ts/cli/immediate-fs.ts', 'node:crypto': 'ts/cli/light-crypto.ts' };
    onResolve({ filter: /^node:(fs\/promises|crypto)$/ }, ({ path }) => ({ path: join(root, own[path]) }));
  },
};

const common = { bundle: true, platform: 'node', target: 'node20.19', legalComments: 'eof', logLevel: 'warning' };

await build({ ...common, entryPoints: ['ts/index.ts'], outfile: 'dist/index.js', format: 'esm' });

const cli = 'dist/cli/main.cjs';
await build({
  ...common,
  entryPoints: ['ts/cli/bin.ts'],
  outfile: cli,
  format: 'cjs',
  // A CommonJS module has no import.meta.
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: `const importMetaUrl = require('node:url').pathToFileURL(__filename).href;` },
  plugins: [withoutChildProcess, standIns],
  // What a command does not need is not loaded; and a call of require is faster than the loader of modules.
  supported: { 'dynamic-import': false },
  // Read as latin1, which needs no decoding, by a loader that compiles it itself.
  charset: 'ascii',
  minify: true,
});

/** The compiled form holds what a command has used until it ends: so one runs, in a process of its own. */
const program = 'dist/cli/orlop.cjs';
copyFileSync('scripts/cli-loader.cjs', program);
chmodSync(program, 0o755);
execFileSync(process.execPath, ['scripts/cli-cache.cjs']);

copyTypes();
execFileSync(process.execPath, ['--import=tsx', 'scripts/pages.ts'], { stdio: 'inherit' });

/** The declarations that index.d.ts leads to, and no others: what else there is, is nobody's to import. */
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
