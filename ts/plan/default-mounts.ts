import { attribute } from '../linux/mount-attributes.ts';
import { bindReadonly } from './bind-readonly.ts';
import { type Device, defaultDevices } from './devices.ts';
import type { Draft } from './draft.ts';
import type { HostDevice, StartFacts } from './facts.ts';
import { bindDevice, makeNodes, placeDevices } from './host-devices.ts';
import type { Slot } from './types.ts';

/** A mount that every container gets, unless the user mounts its target. */
export interface DefaultMount {
  readonly target: string;
  readonly reason: string;
  /** The target is a file; otherwise a directory. */
  readonly file?: boolean | undefined;
  /** The user's mounts above it do not replace it. */
  readonly asked?: boolean | undefined;
  /** Can be made before the container's namespaces, because it shows none of them. */
  readonly prefetchable: boolean;
  make(draft: Draft): Slot;
}

const closed = attribute.nosuid | attribute.nodev | attribute.noexec;
const ofDevice = attribute.nosuid | attribute.noexec;

/** The default mounts, parents before children (runtime-spec, "Default Filesystems"; Docker's options). */
export function defaultMounts(facts: StartFacts): readonly DefaultMount[] {
  const { made, bound } = placeDevices(facts);
  const targets = new Set(bound.map(({ target }) => target));
  const sys = facts.writableSys ? closed : closed | attribute.readonly;
  const mounts: DefaultMount[] = [
    hasProcOfCaller(facts) ? ofCaller('/proc') : simple('/proc', 'proc', closed),
    {
      target: '/dev',
      reason: 'default /dev',
      prefetchable: made.length === 0,
      make: (draft) => makeDev(draft, facts.confined ? null : made),
    },
    ...(facts.confined ? defaultDevices.filter(({ name }) => !targets.has(`/dev/${name}`)).map(boundDevice) : []),
    {
      target: '/dev/pts',
      reason: 'default /dev/pts',
      prefetchable: true,
      make: (draft) => makePts(draft, facts.confined?.oneId ? 0 : tty),
    },
    {
      target: '/dev/shm',
      reason: 'default /dev/shm',
      prefetchable: true,
      make: (draft) => makeShm(draft, facts.shmSize),
    },
    simple('/dev/mqueue', 'mqueue', closed),
    hasSysOfCaller(facts) ? ofCaller('/sys') : simple('/sys', 'sysfs', sys),
  ];
  if (facts.cgroup) mounts.push(simple('/sys/fs/cgroup', 'cgroup', sys));
  return [...mounts, ...bound.map(bindDevice)];
}

/**
 * The host's device, where the kernel lets the caller make none. Read-only: it is opened and written as before, and its
 * mode is not for root in the container, who may have the ID of its owner.
 */
function boundDevice({ name }: Device): DefaultMount {
  const target = `/dev/${name}`;
  const reason = `default ${target}`;
  return {
    target,
    reason,
    file: true,
    prefetchable: true,
    make: (draft) => bindReadonly(draft, { source: target, type: 'file', reason, attributes: ofDevice }),
  };
}

/** True if `/proc` is the caller's: the kernel mounts a procfs only for a PID namespace of the same user namespace. Pure. */
export function hasProcOfCaller({
  confined,
  hostPid,
  hostSystem,
}: Pick<StartFacts, 'confined' | 'hostPid' | 'hostSystem'>): boolean {
  return hostSystem === true || (Boolean(confined) && hostPid === true);
}

/** True if `/sys` is the caller's: the kernel mounts a sysfs only for a network of the same user namespace. Pure. */
export function hasSysOfCaller({
  confined,
  network,
  hostSystem,
}: Pick<StartFacts, 'confined' | 'network' | 'hostSystem'>): boolean {
  return hostSystem === true || (Boolean(confined) && network === 'host');
}

/** The caller's `/proc` or `/sys`, read-only. */
function ofCaller(target: string): DefaultMount {
  const reason = `default ${target}`;
  return {
    target,
    reason,
    prefetchable: false,
    make: (draft) => bindReadonly(draft, { source: target, type: 'directory', reason, attributes: closed }),
  };
}

function simple(target: string, op: 'proc' | 'sysfs' | 'mqueue' | 'cgroup', attributes: number): DefaultMount {
  const reason = `default ${target}`;
  return {
    target,
    reason,
    prefetchable: false,
    make(draft) {
      const slot = draft.newSlot();
      draft.inside.push({ op, reason, mount: slot, attributes });
      return slot;
    },
  };
}

const links: readonly (readonly [name: string, content: string])[] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['ptmx', 'pts/ptmx'],
];

/** Fills `/dev` while it is detached, so that no path of the image is walked to make a device. */
function makeDev(draft: Draft, devices: readonly HostDevice[] | null): Slot {
  const slot = draft.newSlot();
  const reason = 'default /dev';
  const attributes = attribute.nosuid | attribute.strictatime;
  const size = 64n << 20n;
  draft.own.push({
    op: 'tmpfs',
    reason,
    mount: slot,
    mode: 0o755,
    size,
    inodes: 0n,
    uid: 0,
    gid: 0,
    attributes,
    at: '',
  });
  const replaced = new Set(devices?.map(({ target }) => target));
  for (const { name, major, minor } of devices === null ? [] : defaultDevices) {
    if (replaced.has(`/dev/${name}`)) continue;
    draft.own.push({ op: 'device', reason, mount: slot, name, mode: 0o666, uid: 0, gid: 0, major, minor });
  }
  for (const [name, content] of links) draft.own.push({ op: 'symlink', reason, mount: slot, name, content });
  for (const name of ['pts', 'shm', 'mqueue']) {
    draft.own.push({ op: 'directory', reason, mount: slot, name, mode: 0o755, uid: 0, gid: 0, directory: null });
  }
  makeNodes(draft, slot, devices ?? []);
  return slot;
}

/** The group `tty` on all distributions. */
const tty = 5;

/** Makes a devpts instance without the host's terminals. */
function makePts(draft: Draft, gid: number): Slot {
  const slot = draft.newSlot();
  draft.own.push({
    op: 'devpts',
    reason: 'default /dev/pts',
    mount: slot,
    attributes: attribute.nosuid | attribute.noexec,
    gid,
    mode: 0o620,
    ptmxMode: 0o666,
  });
  return slot;
}

function makeShm(draft: Draft, size: bigint): Slot {
  const slot = draft.newSlot();
  draft.own.push({
    op: 'tmpfs',
    reason: 'default /dev/shm',
    mount: slot,
    mode: 0o1777,
    size,
    inodes: 0n,
    uid: 0,
    gid: 0,
    attributes: closed,
    at: '',
  });
  return slot;
}
