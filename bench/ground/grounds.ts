import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Grounds, type Place, placeIn, type Shared } from './ground.ts';
import { makeArchive, makeTree } from './image.ts';
import { defaultFilterFile } from './library.ts';
import { mount, runDirectory } from './namespace.ts';
import { compilePrograms } from './programs.ts';
import { asUser, giveToUser } from './user.ts';

/**
 * Makes the grounds: compiles the programs, and builds the image's tree on the disk and on a tmpfs of each caller.
 *
 * @throws NotReady
 */
export async function makeGrounds(): Promise<Grounds> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const directory = runDirectory();
  const shared: Shared = {
    package: root,
    cli: join(root, 'dist/cli/orlop.cjs'),
    programs: compilePrograms(join(root, 'bench'), directory),
    seccomp: join(directory, 'seccomp.bpf'),
    archive: join(directory, 'image.tar'),
  };
  const places = { root: placeIn(directory), user: placeIn(join(directory, 'user')) };
  const grounds: Grounds = {
    root: { ...shared, ...places.root, caller: 'root', prefix: [] },
    user: { ...shared, ...places.user, caller: 'user', prefix: asUser(root, places.user) },
  };
  await defaultFilterFile(shared.seccomp);
  for (const place of Object.values(places)) makePlace(place, shared.programs.first);
  makeArchive(join(places.root.layers.disk, '0'), shared.archive);
  giveToUser(grounds.user);
  return grounds;
}

function makePlace({ directory, memory, source, scratch, layers }: Place, first: string): void {
  mkdirSync(directory, { recursive: true });
  mkdirSync(memory);
  mount('tmpfs', memory);
  for (const path of [source, ...Object.values(scratch), ...Object.values(layers)]) mkdirSync(path);
  for (const path of Object.values(layers)) makeTree(join(path, '0'), first);
}
