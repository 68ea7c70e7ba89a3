// Builds dist/: the library as modules with types, and the command line as one file that starts fast (a module each
// costs a start some 0.1 ms; what a command does not need stays unevaluated in it).
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
rmSync('dist', { recursive: true, force: true });

execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

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

const bundle = 'dist/cli/orlop.cjs';
await build({
  entryPoints: ['ts/cli/bin.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  // A CommonJS module has no import.meta.
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: `const importMetaUrl = require('node:url').pathToFileURL(__filename).href;` },
  plugins: [withoutChildProcess],
  legalComments: 'eof',
  logLevel: 'warning',
});
chmodSync(bundle, 0o755);
