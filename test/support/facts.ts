import { attribute } from '../../ts/linux/mount-attributes.ts';
import { defaultCapabilities, defaultShmSize, defaultUmask } from '../../ts/plan/defaults.ts';
import type { BindMount, ProcessFacts, StartFacts, TmpfsMount } from '../../ts/plan/facts.ts';

/** Facts of a small start, for tests to change. */
export function makeFacts(changes: Partial<StartFacts> = {}): StartFacts {
  return {
    id: 'f00d'.repeat(16),
    root: {
      mountPoint: '/store/mnt/f00d',
      layers: ['/store/layers/upper/diff', '/store/layers/points/diff'],
      upper: '/store/layers/f00d/diff',
      work: '/store/layers/f00d/work',
      volatile: false,
      readOnly: false,
    },
    mounts: [],
    hidden: [],
    hostname: 'box',
    files: { hosts: null, hostname: null, resolvConf: null },
    network: 'none',
    maskedPaths: [],
    readonlyPaths: [],
    sysctls: [],
    shmSize: defaultShmSize,
    cgroup: false,
    parentDeath: 9,
    process: makeProcess(),
    ...changes,
  };
}

export function makeProcess(changes: Partial<ProcessFacts> = {}): ProcessFacts {
  return {
    argv: ['sh'],
    candidates: ['/usr/bin/sh', '/bin/sh'],
    env: ['PATH=/usr/bin:/bin'],
    cwd: '/',
    uid: 0,
    gid: 0,
    groups: [0],
    umask: defaultUmask,
    oomScore: null,
    rlimits: [],
    capabilities: defaultCapabilities,
    noNewPrivileges: true,
    seccomp: new Uint8Array(8),
    ...changes,
  };
}

export function makeBind(target: string, changes: Partial<BindMount> = {}): BindMount {
  return {
    kind: 'bind',
    source: `/host${target}`,
    device: 1n,
    inode: 2n,
    type: 'directory',
    target,
    attributes: 0,
    recursive: true,
    reason: `volume ${target}`,
    ...changes,
  };
}

export function makeTmpfs(target: string, changes: Partial<TmpfsMount> = {}): TmpfsMount {
  return {
    kind: 'tmpfs',
    target,
    attributes: attribute.nosuid | attribute.nodev | attribute.noexec,
    reason: `--tmpfs ${target}`,
    ...changes,
  };
}
