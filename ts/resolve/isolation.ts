import { heldControllers } from '../cgroups/place.ts';
import { RequestError } from '../errors/index.ts';
import { belowFloor, requireIsolation, takesOwnUsers } from '../native/isolation.ts';
import type { IsolationName } from '../native/isolation-types.ts';
import type { Rights } from '../native/rights.ts';
import { hasOwnUsers } from '../record/layer.ts';
import { domainName } from '../request/sysctl.ts';
import type { RunRequest } from '../request/types.ts';
import { defaultRange } from '../request/user-namespace.ts';

type Asking = Pick<RunRequest, 'isolation' | 'userns'>;

/**
 * The request with the user namespace that it takes: its own, or that of the caller.
 *
 * @throws RequestError ORLOP_E_PERMISSION for a namespace of its own, which takes root
 */
export function withUserNamespace<Request extends Asking>(
  request: Request,
  floor: readonly IsolationName[],
  { kind }: Pick<Rights, 'kind'>,
): Request {
  if (hasOwnUsers(request) && kind === 'user') {
    throw new RequestError('ORLOP_E_PERMISSION', 'a user namespace for each container takes root', {
      hint: `leave '--userns' out: the containers of an ordinary user are in one already`,
    });
  }
  if (request.userns !== 'default') return request;
  const asked = kind === 'root' && takesOwnUsers([...floor, ...request.isolation]);
  return { ...request, userns: asked ? defaultRange : 'host' };
}

type Weakening = Pick<RunRequest, 'isolation' | 'network' | 'pid' | 'cgroupns' | 'security' | 'userns'>;

/**
 * Refuses a container with less isolation than the request or the runtime asks for, by the machine or by an option.
 *
 * @throws RequestError ORLOP_E_ISOLATION
 */
export function refuseWeaker(request: Weakening, floor: readonly IsolationName[], rights: Rights): void {
  // An older version recorded no such list.
  const names = [...floor, ...(request.isolation ?? [])];
  if (names.length === 0) return;
  requireIsolation(names, rights, heldControllers);
  if (request.network === 'host' && names.includes('namespaces')) {
    throw belowFloor('namespaces', 'the container has the network of the machine', 'leave out the network option');
  }
  if (request.pid === 'host' && names.includes('namespaces')) {
    throw belowFloor('namespaces', 'the container has the processes of the machine', `leave '--pid host' out`);
  }
  if (request.cgroupns === 'host' && names.includes('namespaces')) {
    throw belowFloor(
      'namespaces',
      'the container sees the control groups of the machine',
      `leave '--cgroupns host' out`,
    );
  }
  if (request.security.systemPaths === 'host' && names.includes('namespaces')) {
    throw belowFloor('namespaces', 'the container sees the processes of the caller', `leave 'systempaths=host' out`);
  }
  if (request.security.seccomp === 'unconfined' && names.includes('filter')) {
    throw belowFloor('filter', 'the request asks for no filter', `leave 'seccomp=unconfined' out`);
  }
  if (rights.kind !== 'root') return;
  const anew = `make it anew, with '--userns auto'`;
  if (names.includes('user') && !hasOtherRoot(request)) {
    throw belowFloor('user', 'root in the container is root of the machine', anew);
  }
  // Of IDs that the caller chose, nobody knows who else has them.
  if (names.includes('ids') && (typeof request.userns !== 'object' || request.userns.first !== null)) {
    throw belowFloor('ids', 'the container has IDs of the machine', anew);
  }
}

/**
 * Refuses to share the `/proc` of the machine with a container in its user namespace: below `/proc/PID/root` are the
 * files of every process with the same user and no more capabilities, of other containers and of the machine. Root
 * always can mount new ones.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function refuseHostSystem(
  request: Pick<RunRequest, 'security' | 'userns'>,
  { kind }: Pick<Rights, 'kind'>,
): void {
  if (request.security.systemPaths !== 'host' || kind !== 'root' || hasOwnUsers(request)) return;
  throw new RequestError(
    'ORLOP_E_INPUT',
    `'systempaths=host' would give root's container the files of other processes`,
    {
      hint: `leave it out: root can mount a new /proc and /sys; or add '--userns auto'`,
    },
  );
}

/**
 * Refuses settings in files of `/proc` that belong to root of the machine, which a user namespace does not have. With one
 * for each container, the score is set before.
 *
 * @throws RequestError ORLOP_E_PERMISSION
 */
export function refuseSettings(
  request: Pick<RunRequest, 'oomScoreAdj' | 'pid' | 'sysctls' | 'userns'>,
  { userNamespace }: Pick<Rights, 'userNamespace'>,
): void {
  const ownUsers = hasOwnUsers(request);
  if (!ownUsers && userNamespace === null) return;
  const score = request.oomScoreAdj ?? null;
  if (!ownUsers && score !== null) {
    throw new RequestError('ORLOP_E_PERMISSION', 'the OOM score of one container takes root', {
      hint: score < 0 ? 'leave it out' : `set the program's, which its containers get: 'choom -n ${score} -- …'`,
    });
  }
  const sysctls = request.sysctls ?? [];
  if (request.pid === 'host' && sysctls.length > 0) {
    throw new RequestError(
      'ORLOP_E_PERMISSION',
      `in a user namespace, '--pid host' makes /proc the host's, so '${sysctls[0]?.name}' cannot be set`,
      { hint: `leave one of both out` },
    );
  }
  if (sysctls.some(({ name }) => name === domainName)) {
    throw new RequestError('ORLOP_E_PERMISSION', `'${domainName}' cannot be set in a user namespace`, {
      hint: `leave it out${ownUsers ? `, or use '--userns host'` : ''}`,
    });
  }
}

/**
 * Refuses a privileged container in a user namespace of its own, where most of what it asks for has no effect.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function refusePrivilegedUsers(request: Pick<RunRequest, 'privileged' | 'userns'>): void {
  if (!request.privileged || !hasOwnUsers(request)) return;
  throw new RequestError('ORLOP_E_INPUT', 'a privileged container cannot have a user namespace of its own', {
    hint: `leave '--privileged' out and name what is needed: '--cap-add', '--device'; or add '--userns host'`,
  });
}

/** True if root in the container is not root of the machine. */
function hasOtherRoot({ userns }: Pick<RunRequest, 'userns'>): boolean {
  if (typeof userns !== 'object') return false;
  return userns.first === null || (userns.first.user !== 0 && userns.first.group !== 0);
}
