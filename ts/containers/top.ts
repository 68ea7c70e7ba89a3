import { readFileSync } from 'node:fs';
import { processStatus, ticksPerSecond } from '../linux/proc.ts';
import { readIfAny } from '../linux/read-if-any.ts';
import { runningApplication } from '../record/files.ts';
import type { StoredContainer } from '../record/schema.ts';
import type { Store } from '../store/store.ts';
import { lister } from './pause/processes.ts';

/** A process as /proc tells it. Times in ms; `startedAt` since 1970. */
export interface ShownProcess {
  readonly pid: number;
  readonly parent: number;
  readonly uid: number;
  readonly state: string;
  readonly cpuMs: number;
  readonly startedAt: Date;
  readonly terminal: string | null;
  readonly command: readonly string[];
}

/** The processes of a container, the application first; none if it does not run. */
export async function topOf(
  store: Pick<Store, 'run'>,
  { record, state }: StoredContainer,
): Promise<readonly ShownProcess[]> {
  const application = runningApplication(state);
  const list = application === null ? null : await lister(store, record.id, application);
  if (application === null || list === null) return [];
  const bootMs = bootTimeMs();
  const shown: ShownProcess[] = [];
  for (const pid of new Set([application.pid, ...(await list())])) {
    const one = await show(pid, bootMs);
    if (one !== null) shown.push(one);
  }
  return shown;
}

/** Null when the process has ended meanwhile. */
async function show(pid: number, bootMs: number): Promise<ShownProcess | null> {
  const status = await processStatus(pid);
  const facts = readIfAny(`/proc/${pid}/status`);
  const uid = /^Uid:\t\d+\t(\d+)/m.exec(facts)?.[1];
  if (status === null || uid === undefined) return null;
  const { state, parent, cpuTicks, startTime, terminal } = status;
  const line = readIfAny(`/proc/${pid}/cmdline`);
  return {
    pid,
    parent,
    uid: Number(uid),
    state,
    cpuMs: (cpuTicks * 1000) / ticksPerSecond,
    startedAt: new Date(bootMs + (Number(startTime) * 1000) / ticksPerSecond),
    terminal,
    command: line === '' ? [/^Name:\t(.*)$/m.exec(facts)?.[1] ?? ''] : line.replace(/\0$/, '').split('\0'),
  };
}

/** Time of the boot, ms since 1970; proc_stat(5). */
function bootTimeMs(): number {
  return Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1]) * 1000;
}
