import type { ProcessIdentity } from '../linux/proc.ts';
import { isId } from '../store/id.ts';

// Names of container directories that a process is writing or removing.

/** The name holds the process, so that a sweep can check that it lives. */
export function temporaryName(
  kind: 'new' | 'gone',
  { pid, startTime, boot, namespace }: ProcessIdentity,
  id: string,
): string {
  return `${kind}.${pid}.${startTime}.${boot}.${namespace.replace(/\D/g, '')}.${id}`;
}

/** Null if the name is no temporary one. */
export function parseTemporaryName(
  name: string,
): { readonly kind: 'new' | 'gone'; readonly id: string; readonly owner: ProcessIdentity } | null {
  const [kind, pid, startTime, boot, namespace, id] = name.split('.');
  if ((kind !== 'new' && kind !== 'gone') || id === undefined || !isId(id)) return null;
  if (pid === undefined || startTime === undefined || boot === undefined) return null;
  return { kind, id, owner: { pid: Number(pid), startTime, boot, namespace: `pid:[${namespace}]` } };
}
