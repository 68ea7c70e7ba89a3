import { readyFilter } from '../plan/seccomp/ready.ts';
import type { RunRequest } from '../request/types.ts';
import { compileFilter } from './compile-filter.ts';
import { capabilitiesAfter } from './facts.ts';

/** Those of requests that name no file, which says something else when it has been written to. */
const known = new WeakMap<object, Uint8Array>();

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
  const before = known.get(request);
  if (before !== undefined) return before;
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const target = { arch, capabilities: capabilitiesAfter(request.capabilities) } as const;
  const ready = seccomp === 'default' ? readyFilter(target) : null;
  const filter = ready ?? (await compileFilter(seccomp, target));
  if (seccomp === 'default') known.set(request, filter);
  return filter;
}
