import { openSync } from 'node:fs';
import type { Place } from '../../ts/cgroups/place.ts';
import { PreparedContainers } from '../../ts/containers/prepared-containers.ts';
import type { Runtime } from '../../ts/containers/runtime.ts';
import { emptyConfig } from '../../ts/images/platform.ts';
import type { CheckedImage, ImageStore, ResolvedImage } from '../../ts/images/types.ts';
import { Where } from '../../ts/launch/where.ts';
import { Groups } from '../../ts/prefetch/groups.ts';
import { prefetchNetworks } from '../../ts/prefetch/networks.ts';
import { Ranges } from '../../ts/prefetch/ranges.ts';
import { Roots } from '../../ts/prefetch/roots.ts';
import { ContainerStore } from '../../ts/record/container-store.ts';
import { newId } from '../../ts/store/id.ts';
import { Store } from '../../ts/store/store.ts';
import { PreparingNative } from './prepared.ts';
import { temporaryDirectory } from './temporary.ts';

/** An image without layers, with an ID of its own. */
export function image(changes: Partial<ResolvedImage> = {}): ResolvedImage {
  return {
    id: `sha256:${newId()}`,
    reference: 'busybox:latest',
    config: emptyConfig,
    layers: [],
    diffIds: [],
    chainId: null,
    generation: 1,
    hidden: [],
    ...changes,
  };
}

/** A runtime on a store of the test, without an addon and without images. */
export interface FakeRuntime extends Runtime {
  readonly addon: PreparingNative;
  /** Image of every name. */
  found: CheckedImage;
  /** Number of image lookups. */
  resolved: number;
  /** Number of holders of the images. */
  held: number;
}

async function fakeRuntime(directory: string): Promise<FakeRuntime> {
  const addon = new PreparingNative({
    openView: async () => openSync(directory, 'r'),
    openInRoot: async () => {
      throw Object.assign(new Error('no file'), { code: 'ENOENT' });
    },
  });
  const { native } = addon;
  const store = await Store.open({ root: `${directory}/root`, run: `${directory}/run`, native });
  const roots = new Roots(store);
  const containers = new ContainerStore(store, (layer) => roots.drop(layer));
  const runtime: FakeRuntime = {
    addon,
    native,
    floor: [],
    store,
    roots,
    containers,
    volumes: containers.volumes,
    prepared: new PreparedContainers(),
    networks: prefetchNetworks(native),
    ranges: new Ranges(native, () => `${directory}/ranges`),
    groups: new Groups(native, () => false, { find: () => noPlace, widen: (place) => place }),
    where: new Where(native, 'program', ''),
    images: images(() => runtime),
    found: { value: image(), checks: [['share', '/run/images.lock']], repeatable: true },
    resolved: 0,
    held: 0,
  };
  return runtime;
}

/** A machine without control groups. */
const noPlace: Place = { branches: [], missing: () => ({ why: 'none are mounted', hint: 'mount them' }) };

function images(runtime: () => FakeRuntime): ImageStore {
  const known: Partial<ImageStore> = {
    resolve: async () => {
      runtime().resolved++;
      return runtime().found;
    },
    hold: async () => {
      runtime().held++;
      const release = async () => void runtime().held--;
      return { release, [Symbol.asyncDispose]: release };
    },
  };
  return known as ImageStore;
}

/** A runtime for each test of the surrounding `describe`, in a directory of the test. */
export function withFakeRuntime(): { readonly runtime: () => FakeRuntime; readonly directory: () => string } {
  let runtime: FakeRuntime;
  afterEach(() => runtime.store.close());
  // After that, because what is registered first runs first.
  const directory = temporaryDirectory();
  beforeEach(async () => {
    runtime = await fakeRuntime(directory());
  });
  return { runtime: () => runtime, directory };
}
