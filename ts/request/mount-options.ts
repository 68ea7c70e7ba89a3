import type { KernelVersion } from '../linux/kernel.ts';
import { attribute } from '../linux/mount-attributes.ts';

/** Kind of a mount: a path of the host, a volume of the store, or memory. */
export type MountKind = 'bind' | 'volume' | 'tmpfs';

/** An option of a mount, written after the target. */
export interface MountOption {
  /** Class of the option. The options of a class exclude each other. */
  readonly class: string;
  readonly kinds: readonly MountKind[];
  /** Bits of `attribute` that the option sets. It clears the bits of the other options of its class. */
  readonly sets?: number;
  /** First kernel with the option, if orlop supports older ones. */
  readonly since?: KernelVersion;
}

const all = ['bind', 'volume', 'tmpfs'] as const;
/** The kinds with a source. */
const sourced = ['bind', 'volume'] as const;

/**
 * All options of a mount by name. For an attribute of the mount, this line is all that is needed. The parser of a kind
 * handles any other option.
 */
export const mountOptions: Readonly<Record<string, MountOption>> = {
  ro: { class: 'access', kinds: all, sets: attribute.readonly },
  rw: { class: 'access', kinds: all },
  nosuid: { class: 'suid', kinds: all, sets: attribute.nosuid },
  suid: { class: 'suid', kinds: all },
  nodev: { class: 'dev', kinds: all, sets: attribute.nodev },
  dev: { class: 'dev', kinds: all },
  noexec: { class: 'exec', kinds: all, sets: attribute.noexec },
  exec: { class: 'exec', kinds: all },
  noatime: { class: 'atime', kinds: all, sets: attribute.noatime },
  strictatime: { class: 'atime', kinds: all, sets: attribute.strictatime },
  nodiratime: { class: 'diratime', kinds: all, sets: attribute.nodiratime },
  nosymfollow: { class: 'symlinks', kinds: all, sets: attribute.nosymfollow, since: [5, 14] },
  nocopy: { class: 'copy', kinds: ['volume'] },
  bind: { class: 'depth', kinds: ['bind'] },
  rbind: { class: 'depth', kinds: ['bind'] },
  private: { class: 'propagation', kinds: ['bind'] },
  rprivate: { class: 'propagation', kinds: ['bind'] },
  shared: { class: 'propagation', kinds: ['bind'] },
  rshared: { class: 'propagation', kinds: ['bind'] },
  slave: { class: 'propagation', kinds: ['bind'] },
  rslave: { class: 'propagation', kinds: ['bind'] },
  // Refused: options for SELinux.
  z: { class: 'label', kinds: sourced },
  Z: { class: 'label', kinds: sourced },
  // Ignored: options for Docker on a Mac.
  consistent: { class: 'consistency', kinds: sourced },
  cached: { class: 'consistency', kinds: sourced },
  delegated: { class: 'consistency', kinds: sourced },
};

/** Attributes of a mount without options. */
export const defaultAttributes: Readonly<Record<MountKind, number>> = {
  // Without a control group of devices, this keeps a container from the host's disks.
  bind: attribute.nodev,
  volume: attribute.nosuid | attribute.nodev,
  tmpfs: attribute.nosuid | attribute.nodev | attribute.noexec,
};
