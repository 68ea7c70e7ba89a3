import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RequestError } from '../errors/index.ts';
import { abi, type Native } from './contract.ts';

/** What decides where the addon is looked for. */
export interface Surroundings {
  /** Directory of orlop's package.json. */
  readonly packageRoot: string;
  readonly platform: string;
  readonly arch: string;
  /** ORLOP_NATIVE: this file and no other. */
  readonly override: string | undefined;
}

/** The files that may be the addon, in the order in which they are tried. */
export function candidates({ packageRoot, platform, arch, override }: Surroundings): readonly string[] {
  if (override !== undefined && override !== '') return [override];
  return [
    join(packageRoot, 'prebuilds', `${platform}-${arch}`, 'orlop.glibc.node'),
    join(packageRoot, 'build', 'Release', 'orlop.node'),
  ];
}

/** What came of one candidate: the addon, or why it is not one. */
export type Attempt = { readonly file: string } & (
  | { readonly native: Native }
  | { readonly missing: true }
  | { readonly refused: unknown }
);

/**
 * The addon among the attempts: the first that could be loaded and has our binary interface.
 *
 * @throws RequestError (ORLOP_E_NATIVE) that names all that was tried.
 */
export function choose(attempts: readonly Attempt[], { platform, arch }: Surroundings): Native {
  const tried: string[] = [];
  for (const attempt of attempts) {
    if ('native' in attempt) {
      if (attempt.native.abi === abi) return attempt.native;
      tried.push(`${attempt.file} (made for interface ${attempt.native.abi}, this is ${abi})`);
    } else if ('missing' in attempt) {
      tried.push(`${attempt.file} (no such file)`);
    } else {
      tried.push(`${attempt.file} (${reason(attempt.refused)})`);
    }
  }
  const hint =
    platform === 'linux'
      ? `build it with 'npm run build:native', or name one with ORLOP_NATIVE`
      : `orlop runs on Linux, this is ${platform} on ${arch}`;
  throw new RequestError('ORLOP_E_NATIVE', `the native part of orlop could not be loaded; tried ${tried.join(', ')}`, {
    hint,
    cause: attempts.map((attempt) => ('refused' in attempt ? attempt.refused : undefined)).find(Boolean),
  });
}

let loaded: Native | undefined;

/**
 * The addon, loaded once.
 *
 * @throws RequestError (ORLOP_E_NATIVE) when there is none for this machine.
 */
export function loadNative(): Native {
  if (loaded !== undefined) return loaded;
  const here = ownFile();
  const surroundings = {
    packageRoot: findPackageRoot(dirname(here)),
    platform: process.platform,
    arch: process.arch,
    override: process.env.ORLOP_NATIVE,
  };
  const require = createRequire(here);
  const attempts: Attempt[] = [];
  for (const file of candidates(surroundings)) {
    const attempt = tryOne(require, file);
    attempts.push(attempt);
    if ('native' in attempt && attempt.native.abi === abi) break;
  }
  loaded = choose(attempts, surroundings);
  // The tests run every fallback with ORLOP_FEATURES=0: of the work on file trees too, not only of a start.
  const mask = process.env.ORLOP_FEATURES;
  if (mask !== undefined && mask !== '') loaded.limitFeatures(Number(mask));
  return loaded;
}

function tryOne(require: NodeJS.Require, file: string): Attempt {
  if (!existsSync(file)) return { file, missing: true };
  try {
    return { file, native: require(file) };
  } catch (error) {
    return { file, refused: error };
  }
}

/** Directory of orlop's package.json. */
export function packageRoot(): string {
  return findPackageRoot(dirname(ownFile()));
}

/** This file, also where a bundler has made a CommonJS module of it, in which import.meta is empty. */
function ownFile(): string {
  const url: string | undefined = import.meta.url;
  return url === undefined ? __filename : fileURLToPath(url);
}

/** The next directory upwards whose package.json is orlop's: sources, build and bundle lie at different depths. */
function findPackageRoot(start: string): string {
  for (let directory = start; ; directory = dirname(directory)) {
    const manifest = join(directory, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'orlop') return directory;
    if (directory === dirname(directory)) return start;
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}
