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

/** Starts the guard of a container before the container itself. Throws as `Guard.start`. */
export async function guard(
  { native, store }: Pick<Runtime, 'native' | 'store'>,
  id: string,
  { limited }: Pick<Lent, 'limited'>,
): Promise<Guarded> {
  if (limited === null) throw new Error('a container in the PID namespace of the host has a cgroup');
  const directory = limited.group.toEnd((features(native) & cloneIntoCgroup) !== 0);
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
