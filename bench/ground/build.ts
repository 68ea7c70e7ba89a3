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

function newest(directory: string): number {
  const files = readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' }).filter(
    (name) => !name.endsWith('.md'),
  );
  return Math.max(...files.map((name) => statSync(join(root, directory, name)).mtimeMs));
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
