import { existsSync } from 'node:fs';
import { mkdir, readFile, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { isAlive, ownIdentity } from '../linux/proc.ts';
import { readRecord, recordSchema, writeRecord } from '../store/record.ts';
import type { Store } from '../store/store.ts';

/**
 * Note of the cgroup of a container in the caller's PID namespace, from before its start until nothing is left of it:
 * another program that removes it, or that comes after a killed one, ends all processes of the cgroup.
 */
const groupSchema = recordSchema(() =>
  v.object({
    /** Directory of the cgroup. */
    directory: v.string(),
    owner: v.object({ pid: v.number(), startTime: v.string(), boot: v.string(), namespace: v.string() }),
  }),
);

const notePath = (store: Pick<Store, 'run'>, id: string): string => join(store.run, 'groups', `${id}.json`);

export async function noteGroup(store: Pick<Store, 'run'>, id: string, directory: string): Promise<void> {
  const path = notePath(store, id);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeRecord(path, { directory, owner: await ownIdentity() }, { durable: false });
}

export async function forgetGroup(store: Pick<Store, 'run'>, id: string): Promise<void> {
  await unlink(notePath(store, id)).catch(() => {});
}

/**
 * Lists the PIDs in the cgroup of a container in the caller's PID namespace, without the owner: a thread of that sits in
 * a cgroup of version 1. Null: there is no note of it.
 */
export async function groupMembers(store: Pick<Store, 'run'>, id: string): Promise<number[] | null> {
  const note = await readRecord(notePath(store, id), groupSchema);
  if (note === null) return null;
  // The owner may see hierarchies that this program does not.
  const text = await readFile(join(note.directory, 'cgroup.procs'), 'utf8').catch(() => null);
  if (text === null) return null;
  const pids = text.split('\n').flatMap((line) => (line === '' ? [] : [Number(line)]));
  return pids.filter((pid) => pid !== note.owner.pid);
}

/**
 * True if another program ends the cgroup of a container one process by one, as with version 1. It would end each other
 * program with a thread in the cgroup too.
 */
export async function isEndedByAnother(store: Pick<Store, 'run'>, id: string): Promise<boolean> {
  const note = await readRecord(notePath(store, id), groupSchema);
  if (note === null || existsSync(join(note.directory, 'cgroup.kill'))) return false;
  const { pid, startTime } = await ownIdentity();
  return note.owner.pid !== pid || note.owner.startTime !== startTime;
}

/** Pause between two looks whether the owner has ended the cgroup, ms. */
const pauseMs = 2;

/** Ends the processes that a container has left in its cgroup. The application has ended. */
export async function endNotedGroup(store: Store, id: string): Promise<void> {
  const path = notePath(store, id);
  // Mostly there is none, and existsSync is faster than a rejected read.
  if (!existsSync(path)) return;
  const note = await readRecord(path, groupSchema);
  if (note === null) return;
  // In a cgroup of version 1 sits a thread of the owner, which ends the processes itself as long as it is there.
  if (!existsSync(join(note.directory, 'cgroup.kill'))) {
    while (existsSync(path) && (await isAlive(note.owner))) await delay(pauseMs);
  }
  if (!existsSync(path)) return;
  const { Guard } = await import('../launch/guard.ts');
  await Guard.endGroup(store.native, note.directory);
  await forgetGroup(store, id);
}
