import type { ResolvedUser } from '../images/types.ts';
import { capabilityNames } from '../linux/capabilities.ts';
import { sigkill } from '../linux/signals.ts';
import type { Native } from '../native/contract.ts';
import { isOneId } from '../native/ids.ts';
import type { ExecFacts } from '../plan/exec.ts';
import type { Namespace } from '../plan/types.ts';
import { hasOwnUsers } from '../record/layer.ts';
import type { ContainerRecord } from '../record/schema.ts';
import { resolveProfile } from './app-armor.ts';
import { processFacts } from './facts.ts';
import { resolveFilter, resolveQuotaFilter } from './filter.ts';
import { hardNofile, heldCapabilities } from './limits.ts';
import { refuseUnmapped } from './process.ts';
import { mapsOf } from './resolve.ts';

/** User and directory of a further process. */
export interface ExecProcess extends Pick<ResolvedUser, 'uid' | 'gid' | 'groups'> {
  readonly cwd: string;
}

/**
 * What the plan of a further process follows from: the same as for the application, as the record of the container says.
 *
 * @throws RequestError ORLOP_E_PERMISSION if the user namespace has no such user, ORLOP_E_INPUT if the profile of the
 * filter cannot be read
 */
export async function resolveExec(
  { rights }: Pick<Native, 'rights'>,
  record: ContainerRecord,
  process: ExecProcess,
): Promise<ExecFacts> {
  const { request } = record;
  refuseUnmapped(process, mapsOf(request, rights));
  const ownUsers = hasOwnUsers(request);
  const held = ownUsers ? capabilityNames : heldCapabilities(rights);
  const filter = await resolveFilter(request, held);
  const confined = ownUsers
    ? { oneId: false }
    : rights.userNamespace === null
      ? null
      : { oneId: isOneId(rights.users) };
  return {
    id: record.id,
    appArmor: resolveProfile(request, rights),
    namespaces: namespacesOfRecord(record, confined !== null),
    confined,
    parentDeath: sigkill,
    process: processFacts(record, process, {
      held,
      hardNofile: hardNofile(),
      seccomp: filter.value,
      quotaFilter: await resolveQuotaFilter(record),
    }),
  };
}

function namespacesOfRecord({ request }: ContainerRecord, hasUsers: boolean): Namespace[] {
  const namespaces: Namespace[] = ['mount', 'ipc', 'uts'];
  // Those of the host are the caller's own, and from within a user namespace nothing can join them.
  if (request.pid !== 'host') namespaces.push('pid');
  if (!(hasUsers && request.cgroupns === 'host')) namespaces.push('cgroup');
  if (request.network === 'none') namespaces.push('network');
  if (hasUsers) namespaces.push('user');
  return namespaces;
}
