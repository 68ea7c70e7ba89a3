import { existsSync } from 'node:fs';
import { mkdir, readdir, unlink } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { isAlive, type ProcessIdentity, processStatus } from '../../linux/proc.ts';
import { applicationOf } from '../../record/files.ts';
import type { StoredContainer } from '../../record/schema.ts';
import { readRecord, recordSchema, writeRecord } from '../../store/record.ts';
import type { Store } from '../../store/store.ts';
import { type FrozenGroup, freeze, freezers, groupFor, thaw } from './freezer.ts';
import { pollUntil } from './poll.ts';
import { lister } from './processes.ts';

const identity = v.object({ pid: v.number(), startTime: v.string(), boot: v.string(), namespace: v.string() });

/**
 * Note of a pause, written before the pause begins: if the pausing process dies, the next one resumes the container.
 * Group null: the processes were stopped by signals.
 */
const pauseSchema = recordSchema(() =>
  v.object({
    application: identity,
    group: v.nullable(
      v.object({
        hierarchy: v.object({ version: v.picklist([1, 2]), mount: v.string() }),
        path: v.string(),
        home: v.string(),
      }),
    ),
  }),
);

/** Directory of the notes `run/paused/<ID>.json`. A reboot removes the notes with the paused processes. */
const pausedPath = (store: Store): string => join(store.run, 'paused');
/** Note of a pause; it is there while the container is paused. */
export const notePath = (store: Store, id: string): string => join(pausedPath(store), `${id}.json`);
const lockId = (id: string): string => `${id}.pause`;

/**
 * Pauses all processes of a running container until the result is disposed: by a cgroup's freezer, which no process
 * notices, or without one by SIGSTOP. Null if the application has exited.
 *
 * @throws RequestError ORLOP_E_TIMEOUT when a process does not stop
 */
export async function pauseContainer(
  store: Store,
  { record, state }: StoredContainer,
): Promise<AsyncDisposable | null> {
  const application = applicationOf(state);
  if (application === null) return null;
  const lock = await store.lock('container', lockId(record.id), 'exclusive');
  let resume: (() => Promise<void>) | null = null;
  try {
    resume = await pauseProcesses(store, record.id, application);
  } finally {
    if (resume === null) await lock.retire();
  }
  if (resume === null) return null;
  const end = resume;
  return {
    async [Symbol.asyncDispose]() {
      await end().finally(() => lock.retire());
    },
  };
}

/** Resumes containers whose pausing process is gone. */
export async function resumeAbandoned(store: Store): Promise<void> {
  // Mostly there is none, and existsSync is faster than a rejected readdir.
  if (!existsSync(pausedPath(store))) return;
  for (const name of await readdir(pausedPath(store)).catch((): string[] => [])) {
    const [id = '', extension] = name.split('.');
    if (extension !== 'json') continue;
    const lock = await store.tryLock('container', lockId(id), 'exclusive');
    if (lock === null) continue;
    try {
      const note = await readRecord(notePath(store, id), pauseSchema).catch(() => null);
      if (note !== null && (await isAlive(note.application))) await release(store, id, note.application, note.group);
      await unlink(notePath(store, id)).catch(() => {});
    } finally {
      await lock.retire();
    }
  }
}

/** Pauses the processes. The result resumes them; null if the application has exited. */
async function pauseProcesses(
  store: Store,
  id: string,
  application: ProcessIdentity,
): Promise<(() => Promise<void>) | null> {
  const processes = await lister(store, id, application);
  if (processes === null) return null;
  await mkdir(pausedPath(store), { recursive: true, mode: 0o700 });
  for (const hierarchy of freezers()) {
    const group = groupFor(hierarchy, id, application.pid);
    if (group === null) continue;
    const homes = new Map<number, string>();
    const resume = () => resumeAndForget(store, id, () => thaw(group, homes));
    await note(store, id, application, group);
    try {
      await freeze(group, processes, homes);
      return resume;
    } catch {
      await resume();
    }
  }
  return await stop(store, id, application, processes);
}

async function note(store: Store, id: string, application: ProcessIdentity, group: FrozenGroup | null): Promise<void> {
  await writeRecord(notePath(store, id), { application, group }, { durable: false });
}

async function resumeAndForget(store: Store, id: string, how: () => Promise<void>): Promise<void> {
  await how();
  await unlink(notePath(store, id));
}

async function release(
  store: Store,
  id: string,
  application: ProcessIdentity,
  group: FrozenGroup | null,
): Promise<void> {
  if (group !== null) return thaw(group, new Map());
  const processes = await lister(store, id, application);
  if (processes === null) return;
  // Which processes were stopped before the pause is unknown: resume all.
  for (const pid of await processes()) {
    const status = await processStatus(pid);
    if (status?.state === 'T') store.native.killOther(pid, status.startTime, constants.signals.SIGCONT);
  }
}

/** Stops processes until none is new: a stopped process cannot fork. */
async function stop(
  store: Store,
  id: string,
  application: ProcessIdentity,
  processes: () => Promise<number[]>,
): Promise<() => Promise<void>> {
  const stopped = new Map<number, string>();
  const resume = () =>
    resumeAndForget(store, id, async () => {
      for (const [pid, startTime] of stopped) store.native.killOther(pid, startTime, constants.signals.SIGCONT);
    });
  await note(store, id, application, null);
  try {
    for (let found = true; found; ) {
      found = false;
      for (const pid of await processes()) {
        const status = await processStatus(pid);
        // A process that its user has stopped stays stopped. A dead one changes nothing.
        if (status === null || stopped.has(pid) || 'TZX'.includes(status.state)) continue;
        found = true;
        if (store.native.killOther(pid, status.startTime, constants.signals.SIGSTOP))
          stopped.set(pid, status.startTime);
      }
    }
    await pollUntil('the processes of a container have stopped', () => allStopped(store, stopped));
    return resume;
  } catch (error) {
    await resume();
    throw error;
  }
}

/**
 * True when all processes are stopped: after the signal, a process may still be in a system call that changes a file.
 * The signal is sent again, because one process may have resumed another before it was stopped.
 */
async function allStopped(store: Store, stopped: ReadonlyMap<number, string>): Promise<boolean> {
  let all = true;
  for (const [pid, startTime] of stopped) {
    const status = await processStatus(pid);
    if (status === null || status.startTime !== startTime || 'TtZX'.includes(status.state)) continue;
    all = false;
    store.native.killOther(pid, startTime, constants.signals.SIGSTOP);
  }
  return all;
}
