import { readFile } from 'node:fs/promises';
import { RequestError } from '../errors/index.ts';
import { customFilter, defaultFilter } from '../plan/seccomp/filter.ts';
import type { RunRequest } from '../request/types.ts';
import { capabilitiesAfter } from './facts.ts';

const largestProfile = 4 << 20;

/**
 * The system-call filter that a request asks for; null when it asks for none.
 *
 * @throws RequestError ORLOP_E_INPUT when the profile cannot be read
 */
export async function seccompFilter(
  request: Pick<RunRequest, 'security' | 'capabilities'>,
): Promise<Uint8Array | null> {
  const { seccomp } = request.security;
  if (seccomp === 'unconfined') return null;
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const target = { arch, capabilities: capabilitiesAfter(request.capabilities) } as const;
  if (seccomp === 'default') return defaultFilter(target);
  return customFilter(await readProfile(seccomp.path), seccomp.path, target);
}

async function readProfile(path: string): Promise<string> {
  try {
    const content = await readFile(path);
    if (content.length > largestProfile) throw new Error(`it has more than ${largestProfile} bytes`);
    return content.toString('utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RequestError('ORLOP_E_INPUT', `seccomp profile '${path}' cannot be read: ${why}`, {
      hint: `write the path of a profile in Docker's format, or 'unconfined'`,
      cause,
    });
  }
}
