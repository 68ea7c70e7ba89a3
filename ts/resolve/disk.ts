import { RequestError } from '../errors/index.ts';
import { capabilityNames } from '../linux/capabilities.ts';
import { isAtLeast, kernelRelease } from '../linux/kernel.ts';
import type { Native } from '../native/contract.ts';
import type { LayerInMemory } from '../plan/facts.ts';
import { hasOwnUsers, layerDirectories, type RootAttributes } from '../record/layer.ts';
import { inodesFor } from '../record/quota.ts';
import type { Durability } from '../record/schema.ts';
import type { RunRequest } from '../request/types.ts';
import type { Store } from '../store/store.ts';
import { errorCode } from '../store/system-error.ts';
import { capabilitiesAfter } from './facts.ts';

/** How the size of a read-write layer is held: by a quota of the file system, or by a tmpfs in its place. */
export type DiskLimit = 'quota' | 'memory';

/**
 * Chooses how the limit of the read-write layer is held; null without such a limit.
 *
 * @throws RequestError ORLOP_E_LIMIT if it cannot be held
 */
export function diskLimitOf(
  { store, native }: { readonly store: Store; readonly native: Native },
  request: Pick<RunRequest, 'capabilities' | 'limits' | 'userns'>,
  durability: Durability,
): DiskLimit | null {
  if (request.limits.disk === undefined) return null;
  const refusal =
    quotaRefusal(store, native) ?? (overridesQuotas(request) ? 'CAP_SYS_RESOURCE overrides quotas' : null);
  if (refusal === null) return 'quota';
  if (durability === 'durable') {
    throw new RequestError(
      'ORLOP_E_LIMIT',
      `the size of the read-write layer cannot be held: the container outlives its application, and ${refusal}`,
      { hint: `add '--rm', and the layer is in memory; or put the store on ext4 or xfs with 'prjquota', as root` },
    );
  }
  const inUserNamespace = native.rights.userNamespace !== null || hasOwnUsers(request);
  if (inUserNamespace && !isAtLeast(kernelRelease(), [6, 6])) {
    throw new RequestError(
      'ORLOP_E_LIMIT',
      'the size of the read-write layer cannot be held: a tmpfs has no extended attributes for users',
      { hint: 'use Linux 6.6 or later, or leave the limit out' },
    );
  }
  return 'memory';
}

/**
 * True if a process of the container could write more than a quota allows: ext4 lets it, credentials(7), where the write
 * is one to mapped memory. A union writes with other credentials, but the kernel maps the file below it.
 */
function overridesQuotas(request: Pick<RunRequest, 'capabilities' | 'userns'>): boolean {
  const capabilities = capabilitiesAfter(request.capabilities, capabilityNames);
  return !hasOwnUsers(request) && capabilities.includes('CAP_SYS_RESOURCE');
}

const refusals = new WeakMap<Store, string | null>();

/** Why the file system of a store holds no quotas for this program; null if it does. */
function quotaRefusal(store: Store, native: Native): string | null {
  const known = refusals.get(store);
  if (known !== undefined) return known;
  const refusal = findRefusal(store, native);
  refusals.set(store, refusal);
  return refusal;
}

function findRefusal({ layersPath }: Store, native: Native): string | null {
  if (native.rights.userNamespace !== null) return 'quotas are for root';
  try {
    native.change([['quota', layersPath]]);
    return null;
  } catch (error) {
    if (errorCode(error) === 'EXDEV')
      return 'the store lies in a project of somebody else, whose quota that would change';
    return `the file system of the store holds no quotas of projects (${errorCode(error)})`;
  }
}

/** The facts of a read-write layer in memory. Pure. */
export function layerInMemory(disk: number, root: RootAttributes): LayerInMemory {
  const size = BigInt(disk);
  return { size, inodes: BigInt(inodesFor(disk)), directories: layerDirectories(root) };
}
