import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseStat } from '../../ts/linux/proc.ts';
import { loadNative } from '../../ts/native/binding.ts';
import { until } from './temporary.ts';

/** Targets of this process's open descriptors. */
export function ownDescriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      // Numbers of pipes and sockets differ, so only their count is compared.
      const path = readlinkSync(`/proc/self/fd/${fd}`).replace(/\[\d+\]/, '');
      // The loader of TypeScript reads its cache whenever it wants.
      return path.startsWith(join(tmpdir(), 'tsx-')) ? [] : [path];
    } catch {
      return [];
    }
  });
}

/** Number of occurrences of each text. */
export function counts(list: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const one of list) found[one] = (found[one] ?? 0) + 1;
  return found;
}

export function sameCounts(one: Record<string, number>, other: Record<string, number>): boolean {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((key) => one[key] === other[key]);
}

/**
 * Waits until this process holds no more descriptors than before: the reaper closes its own after it reported the exit.
 */
export async function untilNoMoreDescriptors(before: Record<string, number>): Promise<void> {
  await until('the descriptors are those from before', () =>
    Object.entries(counts(ownDescriptors())).every(([name, count]) => count <= (before[name] ?? 0)),
  );
}

export function ownThreads(): string[] {
  return ofOwnThreads((path) => readFileSync(join(path, 'comm'), 'utf8').trim());
}

/** Results of `read` for the directory of each thread of this process. A thread that ends meanwhile is left out. */
export function ofOwnThreads<T>(read: (path: string) => T): T[] {
  return readdirSync('/proc/self/task').flatMap((tid) => {
    try {
      return [read(join('/proc/self/task', tid))];
    } catch (error) {
      if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
      throw error;
    }
  });
}

/** Mount namespaces of this process's threads. */
export function ownMountNamespaces(): string[] {
  return ofOwnThreads((path) => readlinkSync(join(path, 'ns/mnt')));
}

/** Children of all threads of this process: state, and name of the program. */
export function ownChildren(): { pid: number; state: string; name: string }[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const status = parseStat(text);
      const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
      // tsx starts it for a module that it has not compiled yet, which may be imported in the middle of a test.
      if (status?.parent !== process.pid || name === 'esbuild') return [];
      return [{ pid: Number(pid), state: status.state, name }];
    } catch {
      return [];
    }
  });
}

/** True if a living process, possibly this one, holds the lock of a file. */
function isHeld(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    return !loadNative().tryLock(file, 'shared');
  } finally {
    closeSync(file);
  }
}

/**
 * All names of containers in a store, including locks. Staging directories of living programs are left out: they hold
 * prefetched layers, and directories that are still being removed.
 */
export function storeContent({ root, run }: { root: string; run: string }): Record<string, string[]> {
  const list = (path: string) => {
    try {
      return readdirSync(path).sort();
    } catch {
      return [];
    }
  };
  const held = (id: string) => isHeld(join(run, 'locks/staging', `${id}.lock`));
  return {
    // The first container of a store makes the layer of mount points, which stays.
    layers: list(join(root, 'layers')).filter((name) => name !== 'mount-points'),
    mnt: list(join(root, 'mnt')),
    containers: list(join(root, 'containers')),
    volumes: list(join(root, 'volumes')),
    staging: list(join(root, 'staging')).filter((id) => !held(id)),
    ephemeral: list(join(run, 'containers')),
    paused: list(join(run, 'paused')),
    // The lock for all names stays.
    'locks of containers': list(join(run, 'locks/container')).filter((name) => name !== 'names.lock'),
    'locks of staging': list(join(run, 'locks/staging')).filter((name) => !held(name.replace(/\.lock$/, ''))),
  };
}

/** Read-write layers of containers in a store. Layers of images have no work directory. */
export function readWriteLayers({ root }: { root: string }): string[] {
  const layers = join(root, 'layers');
  return readdirSync(layers).filter((id) => existsSync(join(layers, id, 'work')));
}

/** True if a process runs; a zombie does not. */
export function runs(pid: number): boolean {
  try {
    const status = parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return status !== null && !'ZX'.includes(status.state);
  } catch {
    return false;
  }
}

/** Waits until a process, not necessarily a child, has exited. */
export async function untilEnded(pid: number): Promise<void> {
  await until(`process ${pid} has ended`, () => !runs(pid));
}
