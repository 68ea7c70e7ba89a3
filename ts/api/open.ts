import { join } from 'node:path';
import { heldControllers } from '../cgroups/place.ts';
import { PreparedContainers } from '../containers/prepared-containers.ts';
import { recover } from '../containers/recover.ts';
import type { Runtime } from '../containers/runtime.ts';
import { Images } from '../images/images.ts';
import { Where } from '../launch/where.ts';
import type { Mode } from '../native/contract.ts';
import { requireIsolation } from '../native/isolation.ts';
import { openSite } from '../native/open-site.ts';
import { Groups } from '../prefetch/groups.ts';
import { prefetchNetworks } from '../prefetch/networks.ts';
import { Ranges } from '../prefetch/ranges.ts';
import { Roots } from '../prefetch/roots.ts';
import { ContainerStore } from '../record/container-store.ts';
import { parseIsolation } from '../request/isolation.ts';
import { callersRun } from '../store/known-stores.ts';
import { findPlaces } from '../store/places.ts';
import { Store } from '../store/store.ts';
import { errorCode } from '../store/system-error.ts';
import type * as t from './types.ts';

/** Opens a store and the services that use it. Throws like `Orlop.open`. */
export async function openRuntime({ root, run, isolation }: t.OpenOptions, mode: Mode): Promise<Runtime> {
  const floor = parseIsolation(isolation ?? []);
  // A user's launcher takes milliseconds to enter its user namespace.
  const [native, places] = await Promise.all([
    openSite({ process: floor.includes('process') }),
    findPlaces({ root, run }),
  ]);
  requireIsolation(floor, native.rights, heldControllers);
  // A command has no other work while it waits for a thread.
  if (mode === 'command') native.workAtOnce();
  const store = await Store.open({ places, native, mode });
  const roots = new Roots(store);
  const containers = new ContainerStore(store, (layer) => roots.drop(layer));
  const images = new Images(store);
  const isUsed = async (image: string) => (await containers.uses()).images.has(image);
  const repaired = recover(store, containers).then(() => images.recover(isUsed));
  await repaired.catch(async (error: unknown) => {
    // What is there can be read, as it is.
    if (errorCode(error) === 'EROFS') return;
    await store.close().catch(() => {});
    throw error;
  });
  const where = new Where(native, mode);
  return {
    store,
    native,
    floor,
    images,
    volumes: containers.volumes,
    containers,
    prepared: new PreparedContainers(),
    roots,
    networks: prefetchNetworks(native),
    ranges: new Ranges(native, () => join(callersRun(), 'ranges')),
    groups: new Groups(native, () => where.prefetches),
    where,
  };
}

/** Closes the store and releases all prefetched objects. */
export async function closeRuntime({ roots, networks, ranges, groups, store }: Runtime): Promise<void> {
  await Promise.all([roots.close(), networks.reset(), groups.close()]);
  ranges.close();
  await store.close();
}
