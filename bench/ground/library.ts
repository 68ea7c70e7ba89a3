import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OrlopRuntime } from '../../ts/index.ts';
import type { Upper } from '../contestants/contestant.ts';
import type { Ground } from './ground.ts';

/** A module of orlop as it is built and shipped, with the type of its source. */
async function built<Module>(ground: Pick<Ground, 'package'>, file: string): Promise<Module> {
  return import(pathToFileURL(join(ground.package, 'dist', file)).href);
}

const open = new Map<string, Promise<OrlopRuntime>>();

/** orlop on one of the ground's stores; once for each process. */
export function openOrlop(ground: Ground, upper: Upper): Promise<OrlopRuntime> {
  const { root } = ground.stores[upper];
  const opened = open.get(root) ?? openStore(ground, root);
  open.set(root, opened);
  return opened;
}

/** orlop on a store of the caller's own. */
export async function openStore(ground: Ground, root: string): Promise<OrlopRuntime> {
  const { Orlop } = await built<typeof import('../../ts/index.ts')>(ground, 'index.js');
  return Orlop.open({ root });
}

/** What lies below the API. */
export async function internals(ground: Ground) {
  const { launch } = await built<typeof import('../../ts/launch/launch.ts')>(ground, 'launch/launch.js');
  const { loadNative } = await built<typeof import('../../ts/native/binding.ts')>(ground, 'native/binding.js');
  return { launch, loadNative };
}

/** Writes the filter that a default container gets, so that the limit loads the same. */
export async function defaultFilterFile(ground: Ground, file: string): Promise<void> {
  const { defaultFilter } = await built<typeof import('../../ts/plan/seccomp/filter.ts')>(
    ground,
    'plan/seccomp/filter.js',
  );
  const { defaultCapabilities } = await built<typeof import('../../ts/plan/defaults.ts')>(ground, 'plan/defaults.js');
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  writeFileSync(file, defaultFilter({ arch, capabilities: defaultCapabilities }));
}
