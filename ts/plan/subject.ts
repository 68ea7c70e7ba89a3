import { rlimits } from '../linux/rlimits.ts';
import { meaningOf, targetOf } from './slots.ts';
import type { Op, Plan } from './types.ts';

/** Object of an operation: the two paths of an error, as in Node's `syscall 'path' -> 'dest'`. */
export interface Subject {
  readonly path?: string | undefined;
  readonly dest?: string | undefined;
}

/** @param detail number in the launcher's report: for `exec`, the index of the candidate */
export function subjectOf(plan: Plan, op: Op, detail: number): Subject {
  switch (op.op) {
    case 'bind':
      return { path: op.source, dest: targetOf(plan, op.mount) };
    case 'overlay':
      return { path: op.upper === '' ? op.layers[0] : op.upper, dest: op.at };
    case 'idmap':
      return { path: meaningOf(plan, op.mount), dest: targetOf(plan, op.mount) };
    case 'place':
    case 'root':
      return { path: meaningOf(plan, op.mount), dest: op.at };
    case 'attach':
      return { path: meaningOf(plan, op.mount), dest: op.target };
    case 'tmpfs':
    case 'proc':
    case 'sysfs':
    case 'devpts':
    case 'mqueue':
    case 'cgroup':
      return { path: op.op, dest: targetOf(plan, op.mount) };
    case 'attributes':
      return { path: meaningOf(plan, op.mount), dest: targetOf(plan, op.mount) };
    case 'exec':
      return { path: op.candidates[detail] ?? op.candidates.at(-1) ?? op.argv[0] };
    case 'rlimit':
      return { path: Object.entries(rlimits).find(([, number]) => number === op.resource)?.[0] };
    case 'propagation':
    case 'chdir':
      return { path: op.path };
    case 'mask':
    case 'readonly':
      return { path: op.target };
    case 'device':
    case 'directory':
    case 'symlink':
    case 'file':
    case 'hostname':
    case 'keyring':
    case 'sysctl':
      return { path: op.name };
    case 'apparmor':
      return { path: op.profile };
    default:
      return {};
  }
}
