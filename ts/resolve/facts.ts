import type { ResolvedImage } from '../images/types.ts';
import type { CapabilityName } from '../linux/capabilities.ts';
import { capabilityNames } from '../linux/capabilities.ts';
import { attribute } from '../linux/mount-attributes.ts';
import { type RlimitName, unlimited } from '../linux/rlimits.ts';
import { sigkill } from '../linux/signals.ts';
import { hasProcOfCaller, hasSysOfCaller } from '../plan/default-mounts.ts';
import {
  defaultCapabilities,
  defaultMaskedPaths,
  defaultReadonlyPaths,
  defaultUmask,
  withDefaultSysctls,
} from '../plan/defaults.ts';
import type {
  BindMount,
  HostDevice,
  LayerInMemory,
  ProcessFacts,
  Rlimit,
  StartFacts,
  TmpfsMount,
  UserMount,
} from '../plan/facts.ts';
import { parents } from '../plan/layout.ts';
import { hasOwnUsers, unionParts } from '../record/layer.ts';
import type { ContainerRecord } from '../record/schema.ts';
import { isUnmasked } from '../request/system-paths.ts';
import type { CapabilityChanges, RunRequest, TmpfsSpec, Ulimit } from '../request/types.ts';
import { deviceRulesOf } from './devices.ts';
import { isHarmless, type ResolvedSource } from './sources.ts';

/** Facts of a start besides the record and the image. */
export interface StartContext {
  readonly paths: { readonly mountPoint: string; readonly upper: string; readonly work: string };
  /** Sources of the request's bind mounts, by target. */
  readonly sources: ReadonlyMap<string, ResolvedSource>;
  /** Directories `_data` of the volumes, by name. */
  readonly volumes: ReadonlyMap<string, ResolvedSource>;
  readonly files: StartFacts['files'];
  readonly seccomp: Uint8Array | null;
  /** Keeps the quota of the read-write layer. */
  readonly quotaFilter: Uint8Array | undefined;
  /** The caller's permitted capabilities. */
  readonly held: readonly CapabilityName[];
  /** The caller's hard RLIMIT_NOFILE. */
  readonly hardNofile: bigint;
  readonly volatile: boolean;
  /** The read-write layer is in memory. */
  readonly memory: LayerInMemory | undefined;
  /** What the launcher's user namespace allows; null: the initial one. */
  readonly confined: StartFacts['confined'];
  /** User namespace that the container gets; null: that of the caller. */
  readonly userNamespace: StartFacts['userNamespace'];
  /** Modes of the image's directories at the targets of tmpfs mounts. */
  readonly tmpfsModes: ReadonlyMap<string, number>;
  /** Paths of the CPUs' thermal data, masked besides the default ones. */
  readonly maskedPaths: readonly string[];
  /** Profile of AppArmor; null: that of the process that starts the container. */
  readonly appArmor: string | null;
  readonly devices: readonly HostDevice[];
  /** The container has a cgroup of version 2 with controllers. */
  readonly cgroup: boolean;
}

/**
 * Collects the facts of a container's start for `buildPlan`. The command is left out: each launch of a prepared start
 * brings its own. Pure.
 */
export function startFacts(record: ContainerRecord, image: ResolvedImage, context: StartContext): StartFacts {
  const { request, process } = record;
  const hostSystem = request.security.systemPaths === 'host';
  const hostPid = request.pid === 'host';
  // The kernel mounts control groups only for a cgroup namespace of the same user namespace.
  const cgroup = context.cgroup && !(request.cgroupns === 'host' && context.confined !== null);
  const isHidden = (path: string) => !isUnmasked(path, request.security.unmask);
  return {
    id: record.id,
    root: {
      ...context.paths,
      layers: image.parts === undefined ? image.layers : [image.parts.root],
      bound: image.parts?.bound,
      parts: unionParts(image.parts?.targets ?? [], context.paths),
      volatile: context.volatile,
      userxattr: context.confined !== null,
      readOnly: request.readOnly,
      memory: context.memory,
    },
    mounts: mountsOf(record, context),
    hidden: hiddenOf(image, request),
    hostname: record.hostname,
    hostnameOptional: context.confined !== null && request.hostname === null,
    files: context.files,
    network: request.network,
    maskedPaths: [
      ...[...defaultMaskedPaths, ...context.maskedPaths].filter(isHidden),
      ...(request.security.mask ?? []),
      ...maskedOf(image, request),
      // The host's /sys is bound there, with the control groups of the host, unless the container's own is over them.
      ...(!cgroup && hasSysOfCaller({ ...context, network: request.network, hostSystem }) ? ['/sys/fs/cgroup'] : []),
    ],
    readonlyPaths: defaultReadonlyPaths.filter(isHidden),
    hostSystem,
    hostPid,
    hostCgroup: request.cgroupns === 'host',
    // They are written to a /proc of the container.
    sysctls: hasProcOfCaller({ ...context, hostPid, hostSystem })
      ? []
      : withDefaultSysctls({ network: request.network, ownUsers: hasOwnUsers(request) }, request.sysctls ?? []),
    shmSize: BigInt(request.shmSize),
    cgroup,
    devices: context.devices,
    deviceRules: deviceRulesOf(request, context.devices, context.sources),
    writableSys: request.privileged === true,
    parentDeath: sigkill,
    confined: context.confined,
    userNamespace: context.userNamespace,
    appArmor: context.appArmor,
    defaultFilter: request.security.seccomp === 'default',
    process: processFacts(record, process, context),
  };
}

/** Facts of a process of a container: its application, or another one. The command is left out. Pure. */
export function processFacts(
  { request }: Pick<ContainerRecord, 'request'>,
  process: Pick<ContainerRecord['process'], 'cwd' | 'uid' | 'gid' | 'groups'>,
  context: Pick<StartContext, 'held' | 'hardNofile' | 'seccomp' | 'quotaFilter'>,
): ProcessFacts {
  return {
    argv: [],
    candidates: [],
    env: [],
    cwd: process.cwd,
    uid: process.uid,
    gid: process.gid,
    groups: groupsOf(process),
    umask: defaultUmask,
    oomScore: request.oomScoreAdj ?? null,
    rlimits: rlimitsOf(request.ulimits, context.hardNofile),
    capabilities: capabilitiesAfter(request.capabilities, context.held),
    noNewPrivileges: request.security.noNewPrivileges,
    seccomp: context.seccomp,
    quotaFilter: context.quotaFilter,
  };
}

/**
 * The supplementary groups of a process, with the primary group among them: otherwise a process could leave the primary
 * group and get past a file mode that denies access to that group (CVE-2022-36109). Pure.
 */
export function groupsOf({ gid, groups }: Pick<ContainerRecord['process'], 'gid' | 'groups'>): readonly number[] {
  return [...new Set([gid, ...groups])];
}

/** The mounts of a container's request. Pure. */
export function mountsOf(
  record: ContainerRecord,
  context: Pick<StartContext, 'sources' | 'volumes'> & Partial<Pick<StartContext, 'tmpfsModes'>>,
): UserMount[] {
  const binds = record.request.mounts.flatMap((mount): BindMount[] => {
    const source = context.sources.get(mount.target);
    if (mount.type !== 'bind' || source === undefined) return [];
    return [
      {
        ...identity(source),
        target: mount.target,
        attributes: isHarmless(source) ? mount.attributes & ~attribute.nodev : mount.attributes,
        recursive: mount.recursive,
        reason: `host ${mount.source}`,
      },
    ];
  });
  const volumes = record.volumes.flatMap((use): BindMount[] => {
    const source = context.volumes.get(use.name);
    if (source === undefined) return [];
    return [
      {
        ...identity(source),
        target: use.target,
        attributes: use.attributes,
        recursive: true,
        reason: use.reason,
      },
    ];
  });
  return [...binds, ...volumes, ...record.request.tmpfs.map((spec) => tmpfsOf(spec, context.tmpfsModes))];
}

function identity(source: ResolvedSource) {
  const { path, device, inode, type } = source;
  return { kind: 'bind', source: path, device, inode, type } as const;
}

function tmpfsOf(spec: TmpfsSpec, modes: ReadonlyMap<string, number> = new Map()): TmpfsMount {
  return {
    kind: 'tmpfs',
    target: spec.target,
    size: spec.size === null ? undefined : BigInt(spec.size),
    inodes: spec.inodes === null ? undefined : BigInt(spec.inodes),
    mode: spec.mode ?? modes.get(spec.target),
    uid: spec.uid,
    gid: spec.gid,
    attributes: spec.attributes,
    reason: 'tmpfs',
  };
}

/** Paths that the image hides, but for targets of the request's mounts. */
function hiddenOf(image: ResolvedImage, request: RunRequest): StartFacts['hidden'] {
  const mounted = new Set([...request.mounts, ...request.tmpfs].map((mount) => mount.target));
  return image.hidden.filter(({ target }) => !mounted.has(target));
}

/** Paths that the image masks, but for what the request mounts there or above. */
function maskedOf({ masked = [] }: ResolvedImage, request: RunRequest): readonly string[] {
  const mounted = new Set([...request.mounts, ...request.tmpfs].map((mount) => mount.target));
  return masked.filter((path) => ![path, ...parents(path)].some((target) => mounted.has(target)));
}

/** Node raises its own soft limit of open files. The application gets 1024, which programs expect. */
function rlimitsOf(ulimits: readonly Ulimit[], hardNofile: bigint): Rlimit[] {
  const defaultSoft = 1024n;
  const limits = new Map<string, Rlimit>([
    ['nofile', { resource: 'nofile', soft: hardNofile < defaultSoft ? hardNofile : defaultSoft, hard: hardNofile }],
  ]);
  const value = (number: number) => (number < 0 ? unlimited : BigInt(number));
  for (const { name, soft, hard } of ulimits) {
    limits.set(name, { resource: name as RlimitName, soft: value(soft), hard: value(hard) });
  }
  return [...limits.values()];
}

/**
 * The default capabilities with the request's changes. A capability dropped by name stays dropped under `ALL`, which
 * adds what the caller holds.
 */
export function capabilitiesAfter({ add, drop }: CapabilityChanges, held: readonly CapabilityName[]): CapabilityName[] {
  const all = (names: readonly string[]) => names.includes('ALL');
  const base = all(add) ? held : all(drop) ? [] : defaultCapabilities;
  const set = new Set<string>([...base, ...add]);
  for (const name of drop) set.delete(name);
  return capabilityNames.filter((name) => set.has(name));
}
