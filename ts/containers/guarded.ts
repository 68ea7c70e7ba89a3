import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RequestError } from '../errors/index.ts';
import { features } from '../launch/features.ts';
import { Guard } from '../launch/guard.ts';
import { forgetGroup, noteGroup } from '../record/groups.ts';
import type { Lent } from './lent.ts';
import type { Runtime } from './runtime.ts';

/** The guard of a container in the caller's PID namespace. */
export interface Guarded {
  /** Resolves when none of the container's processes is left. Throws as `Guard.end`. */
  end(): Promise<void>;
}

/** CloneIntoCgroup of `native/init/run.h` (5.7): without it, the kernel has no cgroup.kill either (5.14). */
const cloneIntoCgroup = 0b10_0000;

/**
 * In a cgroup of version 1 sits a thread of the process that starts the container. The guard spares its own parent, and
 * would end orlop-launcher.
 *
 * @throws RequestError ORLOP_E_LIMIT
 */
function refuseSeat(directory: string): void {
  if (existsSync(join(directory, 'cgroup.events'))) return;
  const message =
    "'--pid host' takes cgroup v2 where orlop-launcher starts the containers: nothing else ends its processes";
  throw new RequestError('ORLOP_E_LIMIT', message, { hint: "leave '--pid host' out, or '--isolation process'" });
}

/** Starts the guard of a container before the container itself. Throws as `Guard.start`. */
export async function guard(
  { native, store }: Pick<Runtime, 'native' | 'store'>,
  id: string,
  { limited }: Pick<Lent, 'limited'>,
): Promise<Guarded> {
  if (limited === null) throw new Error('a container in the PID namespace of the host has a cgroup');
  const directory = limited.group.toEnd((features(native) & cloneIntoCgroup) !== 0);
  if (native.rights.kind !== 'none' && native.rights.launcher) refuseSeat(directory);
  await noteGroup(store, id, directory);
  const started = await Guard.start(native, directory).catch(async (error: unknown) => {
    await forgetGroup(store, id);
    throw error;
  });
  return {
    async end() {
      await started.end();
      await forgetGroup(store, id);
    },
  };
}
