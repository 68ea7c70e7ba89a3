import type { CapabilityName } from '../linux/capabilities.ts';
import type { StartFacts, Sysctl } from './facts.ts';

/** Podman's eleven: Docker's fourteen without MKNOD, NET_RAW and AUDIT_WRITE. */
export const defaultCapabilities: readonly CapabilityName[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

/** Capabilities of the caller that every start takes: for namespaces and mounts, devices, the user and his rights. */
export const neededCapabilities: readonly CapabilityName[] = [
  'CAP_CHOWN',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  // For the loopback of a network of its own.
  'CAP_NET_ADMIN',
  'CAP_SYS_ADMIN',
  'CAP_MKNOD',
];

/** Paths that tell about the host or reach its hardware. Paths that the kernel lacks are skipped. */
export const defaultMaskedPaths: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
  '/sys/fs/selinux',
];

/** Settings of the kernel that are not the container's own. */
export const defaultReadonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

/** 64 MiB, as Docker. */
export const defaultShmSize = 64n << 20n;

export const defaultUmask = 0o022;

/** Lets any group use ICMP sockets in the container's own network, so that `ping` works without CAP_NET_RAW. */
export function defaultSysctls(network: StartFacts['network']): readonly Sysctl[] {
  return network === 'none' ? [{ name: 'net.ipv4.ping_group_range', value: '0 0' }] : [];
}

/**
 * Bounds in a user namespace of its own. The kernel counts what its users take for the user too who made the namespace:
 * without them, one container could leave root of the machine no inotify(7). A quarter of the kernel's default, and the
 * least number of watches that it gives to a user.
 */
const ownUsersSysctls: readonly Sysctl[] = [
  { name: 'user.max_inotify_instances', value: '32' },
  { name: 'user.max_inotify_watches', value: '8192' },
];

/** The default parameters before those of a request, which may replace them. */
export function withDefaultSysctls(
  { network, ownUsers }: { readonly network: StartFacts['network']; readonly ownUsers: boolean },
  asked: readonly Sysctl[],
): readonly Sysctl[] {
  const replaced = new Set(asked.map(({ name }) => name));
  const defaults = [...defaultSysctls(network), ...(ownUsers ? ownUsersSysctls : [])];
  return [...defaults.filter(({ name }) => !replaced.has(name)), ...asked];
}
