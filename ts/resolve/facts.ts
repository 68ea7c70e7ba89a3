import type { ResolvedImage } from '../images/types.ts';
import type { CapabilityName } from '../linux/capabilities.ts';
import { capabilityNames } from '../linux/capabilities.ts';
import { type RlimitName, unlimited } from '../linux/rlimits.ts';
import { sigkill } from '../linux/signals.ts';
import {
  defaultCapabilities,
  defaultMaskedPaths,
  defaultReadonlyPaths,
  defaultSysctls,
  defaultUmask,
} from '../plan/defaults.ts';
import type { BindMount, Rlimit, StartFacts, TmpfsMount, UserMount } from '../plan/facts.ts';
import type { ContainerRecord } from '../record/schema.ts';
import type { CapabilityChanges, RunRequest, TmpfsSpec, Ulimit } from '../request/types.ts';
import type { ResolvedSource } from './sources.ts';

/** What a start needs to know besides the record and the image. */
export interface StartContext {
  readonly paths: { readonly mountPoint: string; readonly upper: string; readonly work: string };
  /** What stands at the sources of the request's bind mounts, by target. */
  readonly sources: ReadonlyMap<string, ResolvedSource>;
  /** What stands at `_data` of the volumes, by name. */
  readonly volumes: ReadonlyMap<string, ResolvedSource>;
  readonly files: StartFacts['files'];
  readonly seccomp: Uint8Array | null;
  /** Open files that a process may have at most, of the caller: RLIMIT_NOFILE. */
  readonly hardNofile: bigint;
  readonly volatile: boolean;
  /** CPUs of the machine whose thermal data is to be masked. */
  readonly maskedPaths: readonly string[];
}

/**
 * The facts of a container's start, for `buildPlan`, without the command, which a launch brings along: containers of one
 * prepared start execute different ones. Pure.
 */
export function startFacts(record: ContainerRecord, image: ResolvedImage, context: StartContext): StartFacts {
  const { request, process } = record;
  return {
    id: record.id,
    root: {
      ...context.paths,
      layers: image.layers,
      volatile: context.volatile,
      readOnly: request.readOnly,
    },
    mounts: mountsOf(record, context),
    hidden: hiddenOf(image, request),
    hostname: record.hostname,
    files: context.files,
    network: request.network,
    maskedPaths: [...defaultMaskedPaths, ...context.maskedPaths],
    readonlyPaths: defaultReadonlyPaths,
    sysctls: defaultSysctls(request.network),
    shmSize: BigInt(request.shmSize),
    cgroup: true,
    parentDeath: sigkill,
    defaultFilter: request.security.seccomp === 'default',
    process: {
      argv: [],
      candidates: [],
      env: [],
      cwd: process.cwd,
      uid: process.uid,
      gid: process.gid,
      groups: groupsOf(process),
      umask: defaultUmask,
      rlimits: rlimitsOf(request.ulimits, context.hardNofile),
      capabilities: capabilitiesAfter(request.capabilities),
      noNewPrivileges: request.security.noNewPrivileges,
      seccomp: context.seccomp,
    },
  };
}

/**
 * The supplementary groups of a process. The primary group is among them, or a process could leave it and with it what a
 * file denies that group (CVE-2022-36109). Pure.
 */
export function groupsOf({ gid, groups }: Pick<ContainerRecord['process'], 'gid' | 'groups'>): readonly number[] {
  return [...new Set([gid, ...groups])];
}

/** The mounts that a container's request asks for. Pure. */
export function mountsOf(record: ContainerRecord, context: Pick<StartContext, 'sources' | 'volumes'>): UserMount[] {
  const binds = record.request.mounts.flatMap((mount): BindMount[] => {
    const source = context.sources.get(mount.target);
    if (mount.type !== 'bind' || source === undefined) return [];
    return [
      {
        ...identity(source),
        target: mount.target,
        attributes: mount.attributes,
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
  return [...binds, ...volumes, ...record.request.tmpfs.map(tmpfsOf)];
}

function identity(source: ResolvedSource) {
  const { path, device, inode, type } = source;
  return { kind: 'bind', source: path, device, inode, type } as const;
}

function tmpfsOf(spec: TmpfsSpec): TmpfsMount {
  return {
    kind: 'tmpfs',
    target: spec.target,
    size: spec.size === null ? undefined : BigInt(spec.size),
    inodes: spec.inodes === null ? undefined : BigInt(spec.inodes),
    mode: spec.mode ?? undefined,
    uid: spec.uid,
    gid: spec.gid,
    attributes: spec.attributes,
    reason: 'tmpfs',
  };
}

/** What the image hides, unless a mount of the request stands at that path, or the request works in it. */
function hiddenOf(image: ResolvedImage, request: RunRequest): StartFacts['hidden'] {
  const mounted = new Set([...request.mounts, ...request.tmpfs].map((mount) => mount.target));
  return image.hidden.filter(({ target }) => !mounted.has(target));
}

/** Node raises its own soft limit of open files; the application gets what programs expect, 1024. */
function rlimitsOf(ulimits: readonly Ulimit[], hardNofile: bigint): Rlimit[] {
  const usual = 1024n;
  const limits = new Map<string, Rlimit>([
    ['nofile', { resource: 'nofile', soft: hardNofile < usual ? hardNofile : usual, hard: hardNofile }],
  ]);
  const value = (number: number) => (number < 0 ? unlimited : BigInt(number));
  for (const { name, soft, hard } of ulimits) {
    limits.set(name, { resource: name as RlimitName, soft: value(soft), hard: value(hard) });
  }
  return [...limits.values()];
}

/** The default capabilities, or all of them, changed as asked: what is dropped by name stays dropped. */
export function capabilitiesAfter({ add, drop }: CapabilityChanges): CapabilityName[] {
  const all = (names: readonly string[]) => names.includes('ALL');
  const base = all(add) ? capabilityNames : all(drop) ? [] : defaultCapabilities;
  const set = new Set<string>([...base, ...add]);
  for (const name of drop) set.delete(name);
  return capabilityNames.filter((name) => set.has(name));
}
