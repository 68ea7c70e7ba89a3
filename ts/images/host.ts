import { stat } from 'node:fs/promises';
import type { Store } from '../store/store.ts';
import { emptyConfig } from './platform.ts';
import { hostImage } from './records/reference.ts';
import type { HiddenDirectory, ResolvedImage } from './types.ts';

/** Directories of the host that a container of the image `host` does not see, orlop's own come with them. */
const hiddenDirectories: readonly string[] = ['/root', '/home'];

/**
 * The built-in image: the host's own `/` as the only layer, which containers write to in layers of their own. It needs no
 * layer of mount points, because a host has them all; one below `/` would lie inside the other, and overlayfs refuses
 * that (ELOOP).
 */
export async function resolveHost(store: Store): Promise<ResolvedImage> {
  return {
    id: 'host',
    reference: hostImage,
    config: {
      ...emptyConfig,
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      cmd: ['sh'],
    },
    layers: ['/'],
    diffIds: [],
    chainId: null,
    generation: 0,
    hidden: await hostHidden(store),
  };
}

/** What to hide of the host: only what the root file system itself holds can be seen in a union over it. */
export async function hostHidden(store: Pick<Store, 'root' | 'run'>): Promise<HiddenDirectory[]> {
  const root = await stat('/');
  const paths = [...new Set([...hiddenDirectories, store.root, store.run])].sort();
  const seen = await Promise.all(
    paths.map(async (target): Promise<HiddenDirectory[]> => {
      // Where a link leads: what is mounted on it covers that.
      const facts = await stat(target).catch(() => null);
      return facts?.isDirectory() && facts.dev === root.dev ? [{ target, mode: facts.mode & 0o7777 }] : [];
    }),
  );
  const all = seen.flat();
  // In an empty directory there is nothing more to hide, nor a place for it.
  return all.filter(({ target }) => !all.some((other) => target.startsWith(`${other.target}/`)));
}
