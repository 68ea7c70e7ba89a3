import { Draft } from './draft.ts';
import { startApart } from './process.ts';
import type { Namespace, Plan, Strategy } from './types.ts';

/** Facts of a launch of orlop-init. */
export interface BootFacts {
  readonly strategy: Strategy;
  /** Namespaces that it begins in, new ones. */
  readonly namespaces: readonly Namespace[];
  /** Signal that it gets when the launcher thread exits; 0: none. */
  readonly parentDeath: number;
  /** `oom_score_adj` that what it becomes will have; null: that of the program. */
  readonly oomScore: number | null;
}

/**
 * The plan that executes orlop-init. Supplied are its socket and its file; for one that enters a container also the
 * `/proc` of the host, in which it is the owner of its own files, as it is not later. Pure.
 */
export function bootOrlopInit(job: 'wait' | 'enter', facts: BootFacts): Plan {
  const { strategy, namespaces, parentDeath, oomScore } = facts;
  const draft = new Draft(job === 'wait' ? ['control', 'program'] : ['control', 'program', 'proc'], { strategy });
  const control = draft.suppliedSlot('control');
  if (oomScore !== null) {
    const proc = draft.suppliedSlot('proc');
    draft.enter.push({ op: 'oom-score', reason: 'choice of the OOM killer', proc, value: `${oomScore}` });
  }
  draft.enter.push(
    ...startApart,
    { op: 'stdio', reason: 'nothing but its socket', in: control, out: control, err: control, scratch: null },
    { op: 'parent-death', reason: 'ends with its starter', signal: parentDeath },
    { op: 'close-fds', reason: 'no descriptor of the caller' },
    {
      op: 'exec-file',
      reason: 'container init process',
      file: draft.suppliedSlot('program'),
      argv: ['orlop-init', job],
    },
  );
  const { supplied, slots, prepare, enter } = draft;
  return { strategy, namespaces, supplied, slots, prepare, enter };
}
