import type { CapabilityName } from '../linux/capabilities.ts';
import { precompiledFilter } from '../plan/seccomp/precompiled.ts';
import type { MachineArch } from '../plan/seccomp/profile.ts';
import { hasOwnUsers } from '../record/layer.ts';
import type { ContainerRecord } from '../record/schema.ts';
import type { RunRequest } from '../request/types.ts';
import type { Checked } from './checked.ts';
import { compileFilter, compileQuotaFilter } from './compile-filter.ts';
import { capabilitiesAfter } from './facts.ts';

function machineArch(): MachineArch {
  return process.arch === 'arm64' ? 'arm64' : 'x64';
}

/**
 * Makes the system-call filter of a request, for a caller who holds these capabilities; null for `unconfined`. The filter of a profile file is not repeatable,
 * because the file may change.
 *
 * @throws RequestError ORLOP_E_INPUT when the profile cannot be read
 */
export async function resolveFilter(
  { security: { seccomp }, capabilities }: Pick<RunRequest, 'security' | 'capabilities'>,
  held: readonly CapabilityName[],
): Promise<Checked<Uint8Array | null>> {
  if (seccomp === 'unconfined') return { value: null, checks: [], repeatable: true };
  const target = { arch: machineArch(), capabilities: capabilitiesAfter(capabilities, held) } as const;
  if (seccomp !== 'default') return { value: await compileFilter(seccomp, target), checks: [], repeatable: false };
  return { value: precompiledFilter(target) ?? (await compileFilter(seccomp, target)), checks: [], repeatable: true };
}

/** The filter that keeps the quota of a container's read-write layer; undefined: none is needed. */
export async function resolveQuotaFilter({
  request,
  layerInMemory,
}: Pick<ContainerRecord, 'request' | 'layerInMemory'>): Promise<Uint8Array | undefined> {
  // In a user namespace of its own, the kernel keeps the files in their project.
  if (request.limits.disk === undefined || layerInMemory || hasOwnUsers(request)) return undefined;
  return compileQuotaFilter(machineArch());
}
