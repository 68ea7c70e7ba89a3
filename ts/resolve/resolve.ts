import type { DeviceHolder } from '../cgroups/device-filter.ts';
import type { ImageStore, ResolvedImage, ResolvedUser } from '../images/types.ts';
import { resolveImageUser } from '../images/users/read-users.ts';
import { type CapabilityName, capabilityNames } from '../linux/capabilities.ts';
import type { Change, Native } from '../native/contract.ts';
import { type IdMaps, isOneId } from '../native/ids.ts';
import type { IsolationName } from '../native/isolation-types.ts';
import type { LayerInMemory, StartFacts } from '../plan/facts.ts';
import { hole } from '../plan/holes.ts';
import { hasOwnUsers, layerPaths, type RootAttributes, rootAttributes } from '../record/layer.ts';
import type { ContainerRecord, Durability } from '../record/schema.ts';
import type { Limits } from '../request/limits.ts';
import type { EnvEntry, RunRequest } from '../request/types.ts';
import { newId } from '../store/id.ts';
import type { Store } from '../store/store.ts';
import type { Laps } from '../trace/laps.ts';
import { resolveProfile } from './app-armor.ts';
import { requireFilter, resolveDevices } from './devices.ts';
import { type DiskLimit, diskLimitOf, layerInMemory } from './disk.ts';
import { etcFiles } from './etc-files.ts';
import { capabilitiesAfter, startFacts } from './facts.ts';
import { resolveFilter, resolveQuotaFilter } from './filter.ts';
import { ImageView } from './image-view.ts';
import {
  refuseHostSystem,
  refusePrivilegedUsers,
  refuseSettings,
  refuseWeaker,
  withUserNamespace,
} from './isolation.ts';
import { hardNofile, heldCapabilities, thermalPaths } from './limits.ts';
import { mayHang } from './may-hang.ts';
import {
  processOf,
  refuseLacking,
  refuseUnmapped,
  refuseVainLimit,
  requireCapabilities,
  userRequest,
} from './process.ts';
import { type ResolvedSource, resolveSources, resolveVolumes } from './sources.ts';
import { tmpfsModes } from './tmpfs-modes.ts';
import { type VolumeNeed, volumeNeeds } from './volume-needs.ts';

/** A request resolved on this machine, before anything is made. */
export interface Resolved {
  readonly request: RunRequest;
  readonly image: ResolvedImage;
  readonly user: ResolvedUser;
  readonly rootAttributes: RootAttributes;
  /** How the size of the read-write layer is held; null: it has no limit. */
  readonly disk: DiskLimit | null;
  /** Record of the request's containers, with holes for the values of one container. */
  readonly record: ContainerRecord;
  readonly volumes: readonly VolumeNeed[];
  /** Checks before a container is made. */
  readonly createChecks: readonly Change[];
  /** Checks before a container is started. */
  readonly startChecks: readonly Change[];
  /** Other containers can be made and started with this result while the checks hold. */
  readonly repeatable: boolean;
  /** A container that was made can be started later with this result while the checks hold. */
  readonly startLasts: boolean;
  /** A source lies on a file system that may never answer. */
  readonly mayHang: boolean;
  /**
   * Facts that the plan is built from.
   *
   * @param volumes of the store, by name; default: the existing ones, or ORLOP_E_NO_VOLUME
   */
  facts(volumes?: ReadonlyMap<string, ResolvedSource>): StartFacts;
}

export interface ResolveServices {
  readonly store: Store;
  readonly native: Native;
  readonly images: ImageStore;
  /** What must hold for every container. */
  readonly floor: readonly IsolationName[];
  /** Tells whether containers have a cgroup to show, and a filter of devices. */
  readonly groups: { shows(limits: Limits): boolean; deviceHolder(limits: Limits): DeviceHolder };
}

export interface ResolveOptions {
  readonly durability: Durability;
  readonly signal?: AbortSignal | undefined;
  readonly laps?: Laps | undefined;
}

/**
 * Resolves a request: image, user, sources of bind mounts, volumes, files of /etc, filter and limits.
 *
 * @throws RequestError ORLOP_E_NO_IMAGE, ORLOP_E_NO_USER, ORLOP_E_SOURCE, ORLOP_E_TARGET, ORLOP_E_INPUT, ORLOP_E_ABORTED
 */
export async function resolveRequest(
  services: ResolveServices,
  given: RunRequest,
  options: ResolveOptions,
): Promise<Resolved> {
  const { images, native } = services;
  const { signal, laps } = options;
  // Another user can only look at the plan.
  const { rights } = native;
  const request = withUserNamespace(given, services.floor, rights);
  refusePrivilegedUsers(request);
  const own = rights.kind === 'none' ? null : heldCapabilities(rights);
  if (own !== null) requireCapabilities(request, own);
  const held = own !== null && hasOwnUsers(request) ? capabilityNames : own;
  const image = await images.resolve(request.image, { signal });
  laps?.lap('image', image.value.reference);
  await using view = ImageView.ofImage(native, image.value);
  const user = await resolveImageUser(native, image.value, userRequest(request, image.value.config), view.open);
  const needs = volumeNeeds(request, image.value.config, newId);
  const disk = diskLimitOf(services, request, options.durability);
  const record = {
    ...recordOf(request, image.value, user, needs, held ?? []),
    ...(disk === 'memory' && { layerInMemory: true }),
  };
  // Refuses what cannot be before anything is made.
  processOf(request, image.value.config, user, '');
  refuseVainLimit(request, user);
  refuseUnmapped(user, mapsOf(request, rights));
  if (held !== null) refuseLacking(request, user, held);
  laps?.lap('user', 'of the image; volumes');
  const rest = await resolveStart(services, record, image.value, options);
  return {
    ...rest,
    request,
    user,
    volumes: needs,
    rootAttributes: rootOf(image.value, rights),
    disk,
    createChecks: image.checks,
    // Each container has an anonymous volume of its own.
    repeatable: rest.startLasts && image.repeatable && !needs.some(({ anonymous }) => anonymous),
  };
}

function rootOf({ parts, layers }: ResolvedImage, rights: IdMaps): RootAttributes {
  return { ...rootAttributes(parts?.root ?? layers[0], rights), parts };
}

/** The IDs that a container has. Pure. */
export function mapsOf({ userns }: Pick<RunRequest, 'userns'>, rights: IdMaps): IdMaps {
  if (typeof userns !== 'object') return rights;
  const map = [{ inside: 0, outside: 0, count: userns.size }];
  return { users: map, groups: map };
}

/** The resolved start of a recorded container. */
export type ResolvedStart = Pick<Resolved, 'image' | 'record' | 'startChecks' | 'startLasts' | 'mayHang' | 'facts'>;

/**
 * Resolves what follows from a container's record, written or not.
 *
 * @throws RequestError ORLOP_E_SOURCE, ORLOP_E_INPUT, ORLOP_E_ABORTED
 */
export async function resolveStart(
  { native, store, floor, groups }: ResolveServices,
  record: ContainerRecord,
  image: ResolvedImage,
  { durability, signal, laps }: ResolveOptions,
): Promise<ResolvedStart> {
  const { request, hostname, layer } = record;
  refuseWeaker(request, floor, native.rights);
  refuseHostSystem(request, native.rights);
  refuseSettings(request, native.rights);
  requireFilter(request, groups.deviceHolder(request.limits));
  const devices = resolveDevices(request, native.rights);
  const sources = await resolveSources(store, request.mounts, signal);
  laps?.lap('sources', 'of bind mounts');
  await using view = ImageView.ofImage(native, image);
  const modes = await tmpfsModes(native, request, view.open);
  const files = etcFiles(hostname, request);
  const { rights } = native;
  const ownUsers = hasOwnUsers(request);
  const held = ownUsers ? capabilityNames : heldCapabilities(rights);
  const filter = await resolveFilter(request, held);
  const context = {
    paths: layerPaths(store, layer),
    sources: sources.value,
    files: files.value,
    seccomp: filter.value,
    quotaFilter: await resolveQuotaFilter(record),
    tmpfsModes: modes,
    maskedPaths: await thermalPaths(),
    appArmor: resolveProfile(request, rights),
    memory: inMemory(record, image, rights),
    cgroup: groups.shows(request.limits),
    devices,
    held,
    confined: ownUsers ? { oneId: false } : rights.userNamespace === null ? null : { oneId: isOneId(rights.users) },
    userNamespace: typeof request.userns === 'object' ? request.userns : null,
    hardNofile: hardNofile(),
    // The layer of an ephemeral container is not read after a power cut, so its unmount need not sync the disk.
    volatile: durability === 'ephemeral',
  };
  const names = record.volumes.map(({ name }) => name);
  const checked = [sources, files, filter];
  const resolved = {
    image,
    record,
    startChecks: checked.flatMap(({ checks }) => checks),
    // A device of the host may come, go, or change its numbers.
    startLasts: checked.every(({ repeatable }) => repeatable) && devices.length === 0 && !request.privileged,
    mayHang: await mayHang(sources.value.values()),
    facts: (volumes = resolveVolumes(store, names)) => startFacts(record, image, { ...context, volumes }),
  };
  laps?.lap('settings', 'files of /etc, filter, limits');
  return resolved;
}

function inMemory(record: ContainerRecord, image: ResolvedImage, rights: IdMaps): LayerInMemory | undefined {
  const { disk } = record.request.limits;
  return record.layerInMemory && disk !== undefined ? layerInMemory(disk, rootOf(image, rights)) : undefined;
}

/** Hole of a list, cast to the list's element. */
const requestEnv = hole.requestEnv as unknown as EnvEntry;

function recordOf(
  request: RunRequest,
  image: ResolvedImage,
  { uid, gid, groups }: ResolvedUser,
  needs: readonly VolumeNeed[],
  held: readonly CapabilityName[],
): ContainerRecord {
  return {
    version: 1,
    id: hole.id,
    name: request.name ?? hole.name,
    created: hole.created,
    image: { reference: image.reference, id: image.id },
    layer: hole.id,
    request: { ...request, argv: [hole.requestArgv], env: [requestEnv] },
    process: {
      argv: [hole.argv],
      env: [hole.env],
      cwd: request.workdir ?? (image.config.workingDir || '/'),
      uid,
      gid,
      groups,
    },
    capabilities: capabilitiesAfter(request.capabilities, held),
    volumes: needs.map(({ nocopy: _, ...use }) => use),
    hostname: request.hostname ?? hole.shortId,
  };
}
