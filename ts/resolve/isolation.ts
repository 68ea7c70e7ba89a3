import { belowFloor, type IsolationName, requireIsolation } from '../native/isolation.ts';
import type { Rights } from '../native/rights.ts';
import type { RunRequest } from '../request/types.ts';

type Weakening = Pick<RunRequest, 'isolation' | 'network' | 'security'>;

/**
 * Refuses a container with less isolation than the request or the runtime asks for, by the machine or by an option.
 *
 * @throws RequestError ORLOP_E_ISOLATION
 */
export function refuseWeaker(request: Weakening, floor: readonly IsolationName[], rights: Rights): void {
  // An older version recorded no such list.
  const names = [...floor, ...(request.isolation ?? [])];
  if (names.length === 0) return;
  requireIsolation(names, rights);
  if (request.network === 'host' && names.includes('namespaces')) {
    throw belowFloor('namespaces', 'the container has the network of the machine', 'leave out the network option');
  }
  if (request.security.seccomp === 'unconfined' && names.includes('filter')) {
    throw belowFloor('filter', 'the request asks for no filter', `leave 'seccomp=unconfined' out`);
  }
}
