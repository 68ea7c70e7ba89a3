import { existsSync } from 'node:fs';
import { RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import { abi, type Native } from './contract.ts';
import { hasSources, ownPlace, type Place, places, remedy, type Trouble } from './files.ts';
import { rootRights } from './rights.ts';

/** What decides where the addon is looked for. */
export interface Surroundings extends Place {
  /** ORLOP_NATIVE: this file and no other. */
  readonly override: string | undefined;
}

/** The files that may be the addon, in the order in which they are tried. */
export function candidates(surroundings: Surroundings): readonly string[] {
  const { override } = surroundings;
  if (override !== undefined && override !== '') return [override];
  return places(surroundings, 'orlop.glibc.node', 'orlop.node');
}

/** What is asked only after a failure. */
export type Circumstances = Pick<Trouble, 'libc' | 'sources' | 'noexec' | 'forbidden'>;

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
export function choose(
  attempts: readonly Attempt[],
  surroundings: Surroundings,
  circumstances: Circumstances = { sources: true },
): { readonly native: Native; readonly file: string } {
  const tried: string[] = [];
  for (const attempt of attempts) {
    if ('native' in attempt) {
      if (attempt.native.abi === abi) return attempt;
      tried.push(`${attempt.file} (made for interface ${attempt.native.abi}, this is ${abi})`);
    } else if ('missing' in attempt) {
      tried.push(`${attempt.file} (no such file)`);
    } else {
      tried.push(`${attempt.file} (${reason(attempt.file, attempt.refused)})`);
    }
  }
  throw new RequestError('ORLOP_E_NATIVE', `the native part of orlop could not be loaded; tried ${tried.join(', ')}`, {
    hint: remedy(surroundings, {
      variable: 'ORLOP_NATIVE',
      override: surroundings.override,
      missing: attempts.every((attempt) => 'missing' in attempt),
      ...circumstances,
    }),
    cause: attempts.map((attempt) => ('refused' in attempt ? attempt.refused : undefined)).find(Boolean),
  });
}

let loaded: { readonly native: Native; readonly file: string } | undefined;

/**
 * The addon, loaded once.
 *
 * @throws RequestError (ORLOP_E_NATIVE) when there is none for this machine.
 */
export function loadNative(): Native {
  return loadedNative().native;
}

/** The same, with the file that it was loaded from. */
export function loadedNative(): { readonly native: Native; readonly file: string } {
  loaded ??= load();
  return loaded;
}

function load(): { readonly native: Native; readonly file: string } {
  const surroundings = { ...ownPlace(), override: process.env.ORLOP_NATIVE };
  const attempts: Attempt[] = [];
  for (const file of candidates(surroundings)) {
    const attempt = tryOne(file);
    attempts.push(attempt);
    if ('native' in attempt && attempt.native.abi === abi) return choose(attempts, surroundings);
  }
  return choose(attempts, surroundings, {
    libc: libraryOfC(),
    sources: hasSources(surroundings),
    // What the loader says when it may not map a file as code; dlopen(3) knows no errno.
    noexec: attempts.some(
      (attempt) => 'refused' in attempt && /failed to map segment/.test(messageOf(attempt.refused)),
    ),
    // The permission model; and where only addons are forbidden, that is what the attempt was told.
    forbidden: process.permission !== undefined || attempts.some(isForbidden),
  });
}

function isForbidden(attempt: Attempt): boolean {
  return 'refused' in attempt && (attempt.refused as NodeJS.ErrnoException).code === 'ERR_DLOPEN_DISABLED';
}

function tryOne(file: string): Attempt {
  if (!existsSync(file)) return { file, missing: true };
  try {
    // What require does with such a file, without its search for package.json and node:module.
    const module: { exports: object } = { exports: {} };
    process.dlopen(module, file);
    return { file, native: Object.assign(module.exports, { rights: rootRights }) as unknown as Native };
  } catch (error) {
    return { file, refused: error };
  }
}

/** Asked only after a failure: the report takes milliseconds. */
function libraryOfC(): 'glibc' | 'other' {
  if (process.platform !== 'linux') return 'other';
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime === undefined ? 'other' : 'glibc';
}

function reason(file: string, error: unknown): string {
  const [line = ''] = messageOf(error).split('\n');
  return line.startsWith(`${file}: `) ? line.slice(file.length + 2) : line;
}
