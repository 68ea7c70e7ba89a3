import { attribute } from '../linux/mount-attributes.ts';
import { defaultDevices } from './devices.ts';
import type { Draft } from './draft.ts';
import type { StartFacts } from './facts.ts';
import type { Slot } from './types.ts';

/** A mount that every container gets, unless the user mounts its target. */
export interface DefaultMount {
  readonly target: string;
  readonly reason: string;
  /** Can be made before the container's namespaces, because it shows none of them. */
  readonly prefetchable: boolean;
  make(draft: Draft): Slot;
}

const closed = attribute.nosuid | attribute.nodev | attribute.noexec;

/** The default mounts, parents before children (runtime-spec, "Default Filesystems"; Docker's options). */
export function defaultMounts(facts: StartFacts): readonly DefaultMount[] {
  const mounts: DefaultMount[] = [
    simple('/proc', 'proc', closed),
    { target: '/dev', reason: 'default /dev', prefetchable: true, make: makeDev },
    { target: '/dev/pts', reason: 'default /dev/pts', prefetchable: true, make: makePts },
    {
      target: '/dev/shm',
      reason: 'default /dev/shm',
      prefetchable: true,
      make: (draft) => makeShm(draft, facts.shmSize),
    },
    simple('/dev/mqueue', 'mqueue', closed),
    simple('/sys', 'sysfs', closed | attribute.readonly),
  ];
  if (facts.cgroup) mounts.push(simple('/sys/fs/cgroup', 'cgroup', closed | attribute.readonly));
  return mounts;
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
function makeDev(draft: Draft): Slot {
  const slot = draft.newSlot();
  const reason = 'default /dev';
  const attributes = attribute.nosuid | attribute.strictatime;
  const size = 64n << 20n;
  draft.prepare.push({
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
  for (const { name, major, minor } of defaultDevices) {
    draft.prepare.push({ op: 'device', reason, mount: slot, name, mode: 0o666, major, minor });
  }
  for (const [name, content] of links) draft.prepare.push({ op: 'symlink', reason, mount: slot, name, content });
  for (const name of ['pts', 'shm', 'mqueue']) {
    draft.prepare.push({ op: 'directory', reason, mount: slot, name, mode: 0o755 });
  }
  return slot;
}

/** Makes a devpts instance without the host's terminals. Group 5 is `tty` on all distributions. */
function makePts(draft: Draft): Slot {
  const slot = draft.newSlot();
  draft.prepare.push({
    op: 'devpts',
    reason: 'default /dev/pts',
    mount: slot,
    attributes: attribute.nosuid | attribute.noexec,
    gid: 5,
    mode: 0o620,
    ptmxMode: 0o666,
  });
  return slot;
}

function makeShm(draft: Draft, size: bigint): Slot {
  const slot = draft.newSlot();
  draft.prepare.push({
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
