import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OrlopRuntime } from '../../ts/index.ts';
import type { Upper } from '../contestants/contestant.ts';
import type { Ground } from './ground.ts';
import { internalsFile } from './internals-file.ts';

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
  const file = pathToFileURL(join(ground.package, 'dist/index.js')).href;
  const { Orlop } = (await import(file)) as typeof import('../../ts/index.ts');
  return Orlop.open({ root });
}

/** What lies below the API, and is no part of the package: `requireBuild` bundles it beside. */
export async function internals(ground: Ground) {
  const file = pathToFileURL(join(ground.package, internalsFile)).href;
  const { launch, loadNative, prepareForm } = (await import(file)) as typeof import('./internals.ts');
  return { launch, loadNative, prepareForm };
}

/** Writes the filter that a default container gets, so that the limit loads the same. */
export async function defaultFilterFile(file: string): Promise<void> {
  const { defaultFilter } = await import('../../ts/plan/seccomp/filter.ts');
  const { defaultCapabilities } = await import('../../ts/plan/defaults.ts');
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  writeFileSync(file, defaultFilter({ arch, capabilities: defaultCapabilities }));
}
