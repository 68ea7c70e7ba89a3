import { capabilityNames } from '../../ts/linux/capabilities.ts';
import { layerPaths } from '../../ts/record/layer.ts';
import { etcFiles } from '../../ts/resolve/etc-files.ts';
import type { StartContext } from '../../ts/resolve/facts.ts';
import type { Store } from '../../ts/store/store.ts';

const store = {
  diffPath: (id: string) => `/store/layers/${id}/diff`,
  workPath: (id: string) => `/store/layers/${id}/work`,
  mountPoint: (id: string) => `/store/mnt/${id}`,
} as Store;

/** Context of a start of an ephemeral container without mounts. Nothing is made. */
export function startContextOf(id: string, hostname: string): StartContext {
  return {
    paths: layerPaths(store, id),
    sources: new Map(),
    volumes: new Map(),
    files: etcFiles(hostname, { network: 'none' }).value,
    seccomp: new Uint8Array(16),
    held: capabilityNames,
    hardNofile: 1024n,
    volatile: true,
    memory: undefined,
    quotaFilter: undefined,
    confined: null,
    userNamespace: null,
    tmpfsModes: new Map(),
    maskedPaths: [],
    cgroup: false,
    appArmor: null,
    devices: [],
  };
}
