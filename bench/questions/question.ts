import type { ContestantName } from '../contestants/all.ts';
import { contestants } from '../contestants/all.ts';
import { type Container, named } from '../contestants/contestant.ts';
import type { Caller, Grounds } from '../ground/ground.ts';
import type { Entry } from '../measure/measure.ts';
import type { Sample } from '../measure/watch.ts';
import type { Case, Column, Missing } from '../report/result.ts';
import { type RemoteStarter, Subject } from '../subject/subject.ts';

/** Rounds of a run, and those before them that are not counted. */
export interface Effort {
  readonly rounds: number;
  readonly warmUp: number;
}

/** What the benchmark asks; one file each. */
export interface Question {
  readonly id: string;
  readonly title: string;
  readonly cases: readonly Case[];
  /** The first one decides ratios and order. */
  readonly columns: readonly Column[];
  /** Contestant that the others are compared with; null where there is one only. */
  readonly reference: string | null;
  readonly effort: Readonly<Record<'whole' | 'quick', Effort>>;
  prepare(grounds: Grounds, mode: 'whole' | 'quick'): Promise<Prepared>;
}

export interface Prepared {
  readonly entries: readonly Entry[];
  readonly missing: readonly Missing[];
  close(): Promise<void>;
}

export const startColumns: readonly Column[] = [
  { metric: 'first', title: 'call → first instruction', unit: 'ms' },
  { metric: 'exit', title: 'call → end seen', unit: 'ms' },
  { metric: 'longest', title: 'JS thread blocked (longest stretch)', unit: 'ms' },
  { metric: 'busy', title: 'busy in all', unit: 'ms' },
  { metric: 'blocked', title: 'inside the call', unit: 'ms' },
];

/** Contestants of a case. The same case may come again, with those of another caller. */
export interface CaseOf {
  readonly id: string;
  /** Default: root. */
  readonly caller?: Caller;
  readonly container: Container;
  readonly contestants: readonly ContestantName[];
}

/** What one sample of a starter is; `start` unless the question asks something else. */
export type Take = (starter: RemoteStarter) => Promise<Sample>;

const takeStart: Take = (starter) => starter.start();

/** Opens the contestants of a case in a subject. */
async function openCase(
  subject: Subject,
  { id, container, contestants: names }: CaseOf,
  take: Take,
): Promise<{ entries: Entry[]; missing: Missing[] }> {
  const entries: Entry[] = [];
  const missing: Missing[] = [];
  for (const name of names) {
    const { share, peer, supports } = contestants[name];
    if (!supports(container)) continue;
    const starter = await subject.starter(name, container);
    const about = { case: id, ...named(contestants[name], subject.caller) };
    if ('missing' in starter) missing.push({ ...about, missing: starter.missing });
    else entries.push({ ...about, share, mayFail: peer, sample: () => take(starter) });
  }
  return { entries, missing };
}

/** A subject for each caller, opened for its first case. */
export function ofCallers(grounds: Grounds): (one: CaseOf) => Promise<Subject> {
  const subjects = new Map<Caller, Promise<Subject>>();
  return ({ caller = 'root' }) => {
    const subject = subjects.get(caller) ?? Subject.open(grounds[caller]);
    subjects.set(caller, subject);
    return subject;
  };
}

/** Opens several cases, each in the subject that `subjectOf` gives, and closes the subjects at the end. */
export async function openCases(
  cases: readonly CaseOf[],
  subjectOf: (one: CaseOf) => Promise<Subject>,
  takeOf: (one: CaseOf) => Take = () => takeStart,
): Promise<Prepared> {
  const subjects = new Set<Subject>();
  const entries: Entry[] = [];
  const missing: Missing[] = [];
  const close = async () => {
    for (const subject of subjects) await subject.close();
  };
  try {
    for (const one of cases) {
      const subject = await subjectOf(one);
      subjects.add(subject);
      const opened = await openCase(subject, one, takeOf(one));
      entries.push(...opened.entries);
      missing.push(...opened.missing);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { entries, missing, close };
}
