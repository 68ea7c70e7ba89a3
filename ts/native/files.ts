import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the files that were compiled are looked for. */
export interface Place {
  /** Directory of orlop's package.json. */
  readonly packageRoot: string;
  readonly platform: string;
  readonly arch: string;
  /** There are sources beside it, so what was built from them comes before what was made ahead. */
  readonly checkout: boolean;
}

/**
 * The files that may be `prebuilt` or, built here, `built`, in the order in which they are tried. In an installed package
 * the prebuilt one comes first: a build that an earlier version has left must not win over it.
 */
export function places(place: Place, prebuilt: string, built: string): readonly string[] {
  const ahead = join(place.packageRoot, 'prebuilds', `${place.platform}-${place.arch}`, prebuilt);
  // A checkout is built as a whole, an installed package has a binding.gyp for its folder of sources only.
  if (place.checkout) return [join(place.packageRoot, 'build', 'Release', built), ahead];
  return [ahead, join(place.packageRoot, 'native', 'build', 'Release', built)];
}

/** The place of this package on this machine. */
export function ownPlace(): Place {
  const root = packageRoot();
  return {
    packageRoot: root,
    platform: process.platform,
    arch: process.arch,
    checkout: existsSync(join(root, 'ts')),
  };
}

/** Directory of orlop's package.json. */
export function packageRoot(): string {
  const file = ownFile();
  // Its place in the package is known, and a start has no time to look for package.json.
  return file.endsWith(commandLine) ? file.slice(0, -commandLine.length) : findPackageRoot(dirname(file));
}

/** The bundle of the command line, as scripts/build-ts.mjs places it. */
const commandLine = '/dist/cli/main.cjs';

/** This file, also where a bundler has made a CommonJS module of it, in which import.meta is empty. */
export function ownFile(): string {
  const url: string | undefined = import.meta.url;
  return url === undefined ? __filename : fileURLToPath(url);
}

/**
 * The directory whose package.json is orlop's, of `start` and the two above it; `start` where there is none.
 *
 * Sources, library and command line lie at different depths, none deeper. A search further up would find a stranger's
 * directory, which other users may be able to write: a program with orlop in its own bundle would load an addon from it.
 */
export function findPackageRoot(start: string): string {
  return [start, dirname(start), dirname(dirname(start))].find(isOurs) ?? start;
}

function isOurs(directory: string): boolean {
  const manifest = join(directory, 'package.json');
  return existsSync(manifest) && /"name": *"orlop"/.test(readFileSync(manifest, 'utf8'));
}

/** A word of a shell's command. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What came of the files that were tried. */
export interface Trouble {
  /** The environment variable that names one file and no other. */
  readonly variable: string;
  /** Its value. */
  readonly override?: string | undefined;
  /** None of the files is there. */
  readonly missing?: boolean;
  /** The library of C that Node runs with. */
  readonly libc?: 'glibc' | 'other' | undefined;
  /** `native/` lies in the directory that is taken for the package's. */
  readonly sources: boolean;
  /** It lies where nothing may be executed. */
  readonly noexec?: boolean | undefined;
  /** Node was started with flags by which it loads no addon. */
  readonly forbidden?: boolean | undefined;
}

/** Processors for which the package has prebuilt files. */
const builtAhead = ['x64', 'arm64'];

/** What to do where none of the files could be used: one command, or why none would help. */
export function remedy(place: Place, trouble: Trouble): string {
  const { platform, arch, packageRoot, checkout } = place;
  const { variable, override, missing = true, libc = 'glibc', sources, noexec, forbidden } = trouble;
  if (platform !== 'linux') return `orlop runs on Linux, this is ${platform} on ${arch}`;
  if (forbidden) return 'orlop makes system calls of its own: start Node without --permission and --no-addons';
  if (noexec) return 'its file system is mounted noexec: install orlop on another one';
  if (override) return `${variable} names this file and no other: unset it, or name another one`;
  if (checkout) return `build it with: npm run build:native, or name one with ${variable}`;
  if (!sources) {
    return (
      'the files of orlop are not beside it: keep it out of a bundle (esbuild --external:orlop), install it again, or ' +
      `name one with ${variable}`
    );
  }
  const again = missing && libc === 'glibc' && builtAhead.includes(arch) ? 'install orlop again, or ' : '';
  const why = libc === 'other' ? 'this system has no glibc, for which orlop is built ahead (Alpine has musl): ' : '';
  return `${why}${again}build it with: ${buildCommand(packageRoot)}, or name one with ${variable}`;
}

function buildCommand(packageRoot: string): string {
  return (
    'npm exec --yes --package=node-gyp@12 --package=node-addon-api@8 -- node-gyp rebuild ' +
    `--directory ${quoted(join(packageRoot, 'native'))} (needs g++, make, python3, and the static libraries and ` +
    'development files of libarchive, nettle, zstd and zlib)'
  );
}

/** Whether the package's directory was found; it is not where a program's bundle contains orlop. */
export function hasSources({ packageRoot }: Place): boolean {
  return existsSync(join(packageRoot, 'native', 'binding.gyp'));
}
