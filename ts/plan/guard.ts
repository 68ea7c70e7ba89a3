import { Draft } from './draft.ts';
import { startApart } from './process.ts';
import type { Plan } from './types.ts';

/**
 * The plan that starts the guard of a container without a PID namespace, `native/orlop-init/README.md`. It has no
 * parent-death signal: it comes after the program. Pure.
 */
export function guardPlan(): Plan {
  const draft = new Draft(['control', 'group', 'program'], {});
  const lease = draft.suppliedSlot('control');
  const group = draft.suppliedSlot('group');
  draft.enter.push(
    ...startApart,
    { op: 'stdio', reason: 'its pipe and its control group', in: lease, out: group, err: group, scratch: null },
    { op: 'close-fds', reason: 'no descriptor of the caller' },
    { op: 'exec-file', reason: 'guard', file: draft.suppliedSlot('program'), argv: ['orlop-init', 'guard'] },
  );
  const { supplied, slots, prepare, enter } = draft;
  return { strategy: 'in-child', namespaces: [], supplied, slots, prepare, enter };
}
