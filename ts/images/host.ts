import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { storesOfRoot } from '../store/known-stores.ts';
import type { Store } from '../store/store.ts';
import { hostParts, isInPart } from './host-parts.ts';
import { emptyConfig } from './platform.ts';
import { hostImage } from './records/reference.ts';
import type { HiddenDirectory, ResolvedImage } from './types.ts';

/** Directories of the host that the image `host` hides, besides those of orlop: people's, other containers', keys. */
const hiddenDirectories: readonly string[] = [
  '/root',
  '/home',
  '/etc/ssl/private',
  '/var/lib/containerd',
  '/var/lib/containers',
  '/var/lib/docker',
  '/var/lib/kubelet',
];

/** Files of the host that the image `host` hides: passwords, and the keys by which the host shows who it is. */
const hiddenFiles: readonly string[] = ['/etc/shadow', '/etc/shadow-', '/etc/gshadow', '/etc/gshadow-'];
const hostKeys = '/etc/ssh';

/**
 * Resolves the built-in image: the host's `/` as the only layer, under the containers' own read-write layers. It has no
 * layer of mount points, because the host has all of them. A layer below `/` would also lie inside `/`, which overlayfs
 * refuses (ELOOP).
 */
export async function resolveHost(store: Store): Promise<ResolvedImage> {
  const all = await hostHidden(store);
  const parts = store.native.rights.userNamespace === null ? undefined : await hostParts(store, all);
  // What is in no part is not there.
  const inParts = parts === undefined ? null : await Promise.all(all.map(({ target }) => isInPart(target, parts)));
  const hidden = inParts === null ? all : all.filter((_, index) => inParts[index]);
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
    hidden,
    parts,
    masked: await hostMasked(),
  };
}

/** Files of the host to hide, which may be missing. */
async function hostMasked(): Promise<string[]> {
  const names = await readdir(hostKeys).catch(() => []);
  const keys = names.filter((name) => /^ssh_host_.*_key$/.test(name));
  return [...hiddenFiles, ...keys.map((name) => join(hostKeys, name))];
}

/** Directories of the host to hide. Only directories on the root file system appear in an overlay over it. */
export async function hostHidden(store: Pick<Store, 'root' | 'run'>): Promise<HiddenDirectory[]> {
  const root = await stat('/');
  const stores = [store.root, store.run, ...(await storesOfRoot())];
  const paths = [...new Set([...hiddenDirectories, ...stores])].sort();
  const seen = await Promise.all(
    paths.map(async (target): Promise<HiddenDirectory[]> => {
      // stat follows symlinks: a mount on a symlink covers its target.
      const facts = await stat(target).catch(() => null);
      return facts?.isDirectory() && facts.dev === root.dev ? [{ target, mode: facts.mode & 0o7777 }] : [];
    }),
  );
  const all = seen.flat();
  // A directory inside a hidden one is hidden already, and its mount point is missing.
  return all.filter(({ target }) => !all.some((other) => target.startsWith(`${other.target}/`)));
}
