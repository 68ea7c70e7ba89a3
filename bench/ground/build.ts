import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { internalsFile } from './internals-file.ts';
import { NotReady } from './not-ready.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function bundleInternals(): void {
  buildSync({
    entryPoints: [join(root, 'bench/ground/internals.ts')],
    outfile: join(root, internalsFile),
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
}

/** Time of the newest source; a directory has that of its documents too. */
function newest(directory: string): number {
  const sources = readdirSync(join(root, directory), { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.endsWith('.md'),
  );
  return Math.max(...sources.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs));
}

/**
 * What is measured is what ships: the built addon and the built TypeScript, and no older than their sources.
 *
 * @throws NotReady
 */
export function requireBuild(): void {
  const files = ['orlop.node', 'orlop-init', 'orlop-launcher', 'orlop-archive'].map((name) =>
    join(root, 'build/Release', name),
  );
  // A build makes those anew whose sources have changed.
  if (!files.every(existsSync) || Math.max(...files.map((file) => statSync(file).mtimeMs)) < newest('native')) {
    throw new NotReady('the addon or an executable is not built, or is older than its sources: npm run build');
  }
  bundleInternals();
  const bundle = join(root, 'dist/cli/orlop.cjs');
  if (existsSync(bundle) && statSync(bundle).mtimeMs > newest('ts')) return;
  console.error('bench: building dist/');
  execFileSync(process.execPath, [join(root, 'scripts/build-ts.mjs')], { stdio: 'inherit' });
}
