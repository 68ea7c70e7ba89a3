import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Container, Upper } from '../contestants/contestant.ts';
import { makeArchive, makeTree } from './image.ts';
import { defaultFilterFile } from './library.ts';
import { mount, runDirectory } from './namespace.ts';
import { compilePrograms, type Programs } from './programs.ts';

/** Where a run of the benchmark takes place. Plain data: it is sent to other processes. */
export interface Ground {
  /** Below /var/tmp; removed at the end. */
  readonly directory: string;
  /** Of orlop's package.json. */
  readonly package: string;
  /** The built command line. */
  readonly cli: string;
  readonly programs: Programs;
  /** The directory that all volumes show. */
  readonly source: string;
  /** orlop's default system call filter, as the kernel takes it. */
  readonly seccomp: string;
  /** The image as a tar archive of one layer. */
  readonly archive: string;
  /** Where contestants write what went wrong. */
  readonly errors: string;
  readonly stores: Readonly<Record<Upper, { readonly root: string }>>;
  /** Where contestants make read-write layers and mount points. */
  readonly scratch: Readonly<Record<Upper, string>>;
  /** Layer directories: `0` is the image's tree, the numbers above it are small layers. */
  readonly layers: Readonly<Record<Upper, string>>;
}

/** Layers of the image of a container, uppermost first. */
export function layersOf(ground: Ground, { layers, upper }: Pick<Container, 'layers' | 'upper'>): string[] {
  return Array.from({ length: layers }, (_, index) => join(ground.layers[upper], String(layers - 1 - index)));
}

/** Makes the ground: compiles the programs, and builds the image's tree on the disk and on a tmpfs. */
export async function makeGround(): Promise<Ground> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const directory = runDirectory();
  const memory = join(directory, 'm');
  mkdirSync(memory);
  mount('tmpfs', memory);
  const place = (name: string) => ({ disk: join(directory, name), memory: join(memory, name) });
  const ground: Ground = {
    directory,
    package: root,
    cli: join(root, 'dist/cli/orlop.cjs'),
    programs: compilePrograms(join(root, 'bench'), directory),
    source: join(directory, 'source'),
    seccomp: join(directory, 'seccomp.bpf'),
    archive: join(directory, 'image.tar'),
    errors: join(directory, 'errors'),
    stores: { disk: { root: place('o').disk }, memory: { root: place('o').memory } },
    scratch: place('s'),
    layers: place('l'),
  };
  for (const path of [ground.source, ...Object.values(ground.scratch), ...Object.values(ground.layers)]) {
    mkdirSync(path);
  }
  await defaultFilterFile(ground.seccomp);
  for (const layers of Object.values(ground.layers)) makeTree(join(layers, '0'), ground.programs.first);
  makeArchive(join(ground.layers.disk, '0'), ground.archive);
  return ground;
}
