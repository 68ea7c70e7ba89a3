import { readdir, readlink } from 'node:fs/promises';
import { processStatus } from '../../linux/proc.ts';

/**
 * Lists the PIDs of a container's processes: those in the PID namespace of its application, and the application's
 * descendants, which may be in nested namespaces. Orphans are among them: PID 1, the application, becomes their parent.
 */
export async function processesOf(application: number, namespace: string): Promise<number[]> {
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
export function namespaceOf(pid: number | 'self'): Promise<string | null> {
  return readlink(`/proc/${pid}/ns/pid`).catch(() => null);
}
