import { propagation, sourceType } from '../../plan/constants.ts';
import { Draft } from '../../plan/draft.ts';
import type { Namespace, Op, Plan, Supplied } from '../../plan/types.ts';
import { makeUnion, showOwners } from '../../plan/union.ts';

/** The parts of a start that `doctor` tries, each alone: otherwise one that is refused would hide the next. */
export const trialNames = ['mounts', 'overlayfs', 'procfs', 'network', 'seccomp', 'id map'] as const;

export type TrialName = (typeof trialNames)[number];

export interface TrialFacts {
  /** Directory on the file system of the store, with the directories `lower`, `upper`, `work` and `root`. */
  readonly directory: string;
  /** The caller is in a user namespace. */
  readonly userxattr: boolean;
  /** The default filter. */
  readonly filter: Uint8Array;
}

/**
 * A plan for each trial. The last operation of each executes a directory, which is always refused: a child that comes
 * that far has made all else, and no program runs. Pure.
 */
export function trialPlans({ directory, userxattr, filter }: TrialFacts): Readonly<Record<TrialName, Plan>> {
  const reason = 'trial';
  // Volatile: otherwise its unmount writes the whole file system to the disk.
  const union = { layers: [`${directory}/lower`], upper: `${directory}/upper`, work: `${directory}/work` };
  return {
    mounts: planOf(['mount'], () => {}),
    overlayfs: planOf(['mount'], (draft) =>
      makeUnion(draft, { ...union, mountPoint: `${directory}/root`, volatile: true, userxattr, readOnly: false }),
    ),
    'id map': planOf(
      ['mount'],
      (draft) => {
        const mount = draft.newSlot();
        const source = {
          source: `${directory}/lower`,
          recursive: 0,
          device: 0n,
          inode: 0n,
          type: sourceType.directory,
        };
        draft.prepare.push({ op: 'bind', reason, mount, ...source });
        showOwners(draft, mount, reason);
      },
      ['range'],
    ),
    procfs: planOf(['mount', 'pid'], (draft) =>
      draft.prepare.push({ op: 'proc', reason, mount: draft.newSlot(), attributes: 0 }),
    ),
    network: planOf(['network'], (draft) => draft.enter.push({ op: 'loopback', reason })),
    seccomp: planOf([], (draft) =>
      draft.enter.push({ op: 'no-new-privileges', reason }, { op: 'seccomp', reason, program: filter }),
    ),
  };
}

function planOf(
  namespaces: readonly Namespace[],
  add: (draft: Draft) => unknown,
  supplied: readonly Supplied[] = [],
): Plan {
  const draft = new Draft(supplied, {});
  if (namespaces.includes('mount')) {
    draft.prepare.push(leaveHostAlone);
    makeScratch(draft);
  }
  add(draft);
  const { prepare, enter, slots } = draft;
  return { strategy: 'in-child', namespaces, supplied, slots, prepare, enter: [...enter, stop] };
}

const leaveHostAlone: Op = {
  op: 'propagation',
  reason: 'nothing reaches the host',
  path: '/',
  mode: propagation.private,
  recursive: 1,
};
/** A tmpfs, in which older kernels make all other mounts. It covers a directory into which no trial looks. */
function makeScratch(draft: Draft): void {
  const size = 1n << 20n;
  const owner = { mode: 0o700, uid: 0, gid: 0 };
  const mount = draft.newSlot();
  draft.prepare.push({ op: 'tmpfs', reason: 'scratch', mount, size, inodes: 0n, ...owner, attributes: 0, at: '/sys' });
}

const stop: Op = { op: 'exec', reason: 'end of the trial', candidates: ['/'], argv: ['/'], env: [] };
