import type { CapabilityName } from '../linux/capabilities.ts';
import { precompiledFilter } from '../plan/seccomp/precompiled.ts';
import type { RunRequest } from '../request/types.ts';
import type { Checked } from './checked.ts';
import { compileFilter } from './compile-filter.ts';
import { capabilitiesAfter } from './facts.ts';

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
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const target = { arch, capabilities: capabilitiesAfter(capabilities, held) } as const;
  if (seccomp !== 'default') return { value: await compileFilter(seccomp, target), checks: [], repeatable: false };
  return { value: precompiledFilter(target) ?? (await compileFilter(seccomp, target)), checks: [], repeatable: true };
}
