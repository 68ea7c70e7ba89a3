import { readFile } from 'node:fs/promises';
import { RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import type { FilterTarget } from '../plan/seccomp/decisions.ts';
import { customFilter, defaultFilter } from '../plan/seccomp/filter.ts';
import type { MachineArch } from '../plan/seccomp/profile.ts';
import { quotaFilter } from '../plan/seccomp/quota-filter.ts';

const maxProfileBytes = 4 << 20;

/**
 * Compiles the filter of the default profile, or of a profile file.
 *
 * @throws RequestError ORLOP_E_INPUT when the profile cannot be read
 */
export async function compileFilter(
  profile: 'default' | { readonly path: string },
  target: FilterTarget,
): Promise<Uint8Array> {
  if (profile === 'default') return defaultFilter(target);
  return customFilter(await readProfile(profile.path), profile.path, target);
}

/** Compiles the filter that keeps the quota of a read-write layer. */
export async function compileQuotaFilter(arch: MachineArch): Promise<Uint8Array> {
  return quotaFilter(arch);
}

async function readProfile(path: string): Promise<string> {
  try {
    const content = await readFile(path);
    if (content.length > maxProfileBytes) throw new Error(`it has more than ${maxProfileBytes} bytes`);
    return content.toString('utf8');
  } catch (cause) {
    throw new RequestError('ORLOP_E_INPUT', `seccomp profile '${path}' cannot be read: ${messageOf(cause)}`, {
      hint: `write the path of a profile in Docker's format, or 'unconfined'`,
      cause,
    });
  }
}
