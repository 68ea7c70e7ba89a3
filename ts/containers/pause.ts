import { readdir, readFile, readlink } from 'node:fs/promises';
import { constants } from 'node:os';
import { RequestError } from '../errors/index.ts';
import { processStatus } from '../linux/proc.ts';
import { freeze } from './freezer.ts';
import type { StoredContainer } from './record.ts';
import type { Runtime } from './runtime.ts';

/**
 * Holds all processes of a running container still until the result is disposed: by the freezer of a cgroup where there
 * is one, which no process notices, otherwise by SIGSTOP.
 */
export async function pauseContainer(runtime: Runtime, { record, state }: StoredContainer): Promise<AsyncDisposable> {
  const pid = state.pid ?? 0;
  const namespace = await readlink(`/proc/${pid}/ns/pid`).catch(() => null);
  if (namespace === null) {
    throw new RequestError('ORLOP_E_INPUT', `container '${record.name}' ended while it was to be paused`);
  }
  const processes = () => processesOf(namespace);
  return (await freeze(record.id, processes)) ?? stop(runtime, processes);
}

/** Processes of a PID namespace, as the host numbers them. */
async function processesOf(namespace: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const namespaces = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/pid`).catch(() => null)));
  return pids.filter((_, index) => namespaces[index] === namespace).map(Number);
}

/** A stopped process cannot fork, so when a look finds nobody new, all are stopped. */
async function stop({ native }: Runtime, processes: () => Promise<number[]>): Promise<AsyncDisposable> {
  const stopped = new Map<number, string>();
  const signal = (pid: number, startTime: string, number: number) => native.killOther(pid, startTime, number);
  const resume = () => {
    for (const [pid, startTime] of stopped) signal(pid, startTime, constants.signals.SIGCONT);
  };
  try {
    for (let found = true; found; ) {
      found = false;
      for (const pid of await processes()) {
        const status = await processStatus(pid);
        if (status === null || stopped.has(pid)) continue;
        if (signal(pid, status.startTime, constants.signals.SIGSTOP)) stopped.set(pid, status.startTime);
        found = true;
      }
    }
    await waitStopped(stopped);
  } catch (error) {
    resume();
    throw error;
  }
  return { [Symbol.asyncDispose]: async () => resume() };
}

/** The signal is only sent: a process may still be in a system call that changes a file. */
async function waitStopped(stopped: ReadonlyMap<number, string>): Promise<void> {
  for (const pid of stopped.keys()) {
    for (;;) {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
      const status = stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
      if (status === null || 'TtZX'.includes(status)) break;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
