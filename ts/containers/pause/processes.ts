import { readdir, readlink } from 'node:fs/promises';
import { processStatus } from '../../linux/proc.ts';

/**
 * Processes of a container, as the host numbers them: those in the PID namespace of its application, and its descendants,
 * which may be in namespaces below. Its application is PID 1 there, so whoever loses its parent becomes its child.
 */
export async function membersOf(application: number, namespace: string): Promise<number[]> {
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

/** PID namespace of a process; null when it is gone. */
export function namespaceOf(pid: number | 'self'): Promise<string | null> {
  return readlink(`/proc/${pid}/ns/pid`).catch(() => null);
}
