import { readdir, readlink } from 'node:fs/promises';
import { isAlive, type ProcessIdentity, processStatus } from '../../linux/proc.ts';
import { groupMembers } from '../../record/groups.ts';
import type { Store } from '../../store/store.ts';

/**
 * Finds how to list the PIDs of a running container: those of its PID namespace, or where that is the caller's, those of
 * its cgroup. Null if its application has exited.
 */
export async function lister(
  store: Pick<Store, 'run'>,
  id: string,
  application: ProcessIdentity,
): Promise<(() => Promise<number[]>) | null> {
  const namespace = await namespaceOf(application.pid);
  // Checked after the link was read: the PID may belong to another process by then, even one of this PID namespace.
  if (namespace === null || !(await isAlive(application))) return null;
  if (namespace !== (await namespaceOf('self'))) return () => processesOf(application.pid, namespace);
  if ((await groupMembers(store, id)) === null) return null;
  return async () => (await groupMembers(store, id)) ?? [];
}

/**
 * Lists the PIDs of a container's processes: those in the PID namespace of its application, and the application's
 * descendants, which may be in nested namespaces. Orphans are among them: PID 1, the application, becomes their parent.
 */
async function processesOf(application: number, namespace: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const facts = await Promise.all(
    pids.map(async (pid) => ({ pid, parent: (await processStatus(pid))?.parent, namespace: await namespaceOf(pid) })),
  );
  const found = new Set([application]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const { pid, parent, namespace: own } of facts) {
      if (own === namespace || (parent !== undefined && found.has(parent))) found.add(pid);
    }
  }
  return [...found];
}

/** PID namespace of a process; null when the process is gone. */
function namespaceOf(pid: number | 'self'): Promise<string | null> {
  return readlink(`/proc/${pid}/ns/pid`).catch(() => null);
}
