import { existsSync } from 'node:fs';
import { groupsOfProcess, type Joined } from '../cgroups/joining.ts';
import { RequestError } from '../errors/index.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from '../linux/proc.ts';
import { runningApplication } from '../record/files.ts';
import { isEndedByAnother } from '../record/groups.ts';
import type { StoredContainer } from '../record/schema.ts';
import type { Store } from '../store/store.ts';
import { notePath } from './pause/pause.ts';

/** A running container that a process can enter. */
export interface ExecTarget {
  readonly application: ProcessIdentity;
  readonly groups: Joined;
}

/** @throws RequestError ORLOP_E_INPUT when the container does not run, or is paused */
export async function findTarget(store: Store, { record, state }: StoredContainer): Promise<ExecTarget> {
  const application = runningApplication(state);
  if (application === null || !(await isAlive(application))) throw doesNotRun(record.name);
  const { namespace } = await ownIdentity();
  if (application.namespace !== namespace) {
    const message = `the processes of container '${record.name}' are in another PID namespace, where they have other numbers`;
    throw new RequestError('ORLOP_E_INPUT', message, { hint: 'call orlop where the container was started' });
  }
  if (record.request.pid === 'host' && (await isEndedByAnother(store, record.id))) {
    const message = `container '${record.name}' of --pid host takes commands only of the program that started it: without cgroup v2, its end would be the end of other programs`;
    throw new RequestError('ORLOP_E_INPUT', message, { hint: 'run the command as a part of the application' });
  }
  // Read first: while a pause begins or ends, the processes may be in other cgroups.
  const isPaused = existsSync(notePath(store, record.id));
  const groups = groupsOf(application);
  // Looked at afterwards: the PID was its own when the cgroups were read.
  if (!(await isAlive(application))) throw doesNotRun(record.name);
  if (isPaused || groups.isFrozen()) {
    known.delete(keyOf(application));
    throw new RequestError('ORLOP_E_INPUT', `container '${record.name}' is paused: nothing can be executed in it`, {
      hint: "wait until it goes on: 'orlop commit' pauses a container for a moment",
    });
  }
  return { application, groups };
}

const maxKnown = 64;
const known = new Map<string, Joined>();

function keyOf({ pid, startTime }: ProcessIdentity): string {
  return `${pid} ${startTime}`;
}

/** The cgroups of an application, which are read once: orlop leaves a container where it was born. */
function groupsOf(application: ProcessIdentity): Joined {
  const key = keyOf(application);
  const found = known.get(key) ?? groupsOfProcess(application.pid);
  if (known.size >= maxKnown) known.clear();
  known.set(key, found);
  return found;
}

export function doesNotRun(name: string): RequestError {
  return new RequestError('ORLOP_E_INPUT', `container '${name}' does not run`, {
    hint: "'orlop start' starts it; 'orlop ps -a' shows the states",
  });
}
