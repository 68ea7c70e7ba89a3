import { accessSync, constants } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, readlink, realpath, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../store/store.ts';
import { sha256 } from './digest.ts';
import { layerExists } from './layers/mount-points.ts';
import type { HiddenDirectory, HostParts } from './types.ts';

/** Directories of the host's root that every container has of its own. */
const own = new Set(['/proc', '/sys', '/dev']);

/**
 * The host's root file system for a caller in a user namespace. The kernel refuses a union over `/` there, because its
 * mounts are locked together (user_namespaces(7), mount_namespaces(7)). So each directory of `/` has a union of its own,
 * over a root with the links of the host. A directory that holds the store would lie in its own union (ELOOP), and is
 * empty, as are mounts of other file systems and what the caller cannot read. A directory with other file
 * systems below it has unions for the directories in it that have none; a directory with mounted files below it, such
 * as `/etc` of a container, is bound read-only, with them.
 *
 * @param hidden directories that a tmpfs covers anyway
 */
export async function hostParts(store: Store, hidden: readonly HiddenDirectory[]): Promise<HostParts> {
  const { dev } = await lstat('/');
  const covered = new Set(hidden.map(({ target }) => target));
  const mounts = await mountsBelow();
  const isShown = ({ path, kind, sameFileSystem }: RootEntry) => {
    const holds = [store.root, store.run].some((inner) => isBelow(inner, path));
    return kind === 'directory' && sameFileSystem && !own.has(path) && !covered.has(path) && !holds && isReadable(path);
  };
  const top = await entriesOf('/', dev);
  const shown = top.filter(isShown);
  const isWhole = ({ path }: RootEntry) => !mounts.some((mount) => isBelow(mount.path, path));
  const hasOnlyFiles = ({ path }: RootEntry) => mounts.every((mount) => mount.isFile || !isBelow(mount.path, path));
  const holders = shown.filter((entry) => !hasOnlyFiles(entry));
  const inner = (await Promise.all(holders.map(({ path }) => entriesOf(path, dev)))).flat();
  const targetOf = ({ path, mode }: RootEntry) => ({ target: path, mode });
  return {
    root: await ensureRoot(store, [...top, ...inner]),
    targets: [...shown, ...inner.filter(isShown)].filter(isWhole).map(targetOf),
    holders: holders.map(targetOf),
    bound: shown.filter((entry) => hasOnlyFiles(entry) && !isWhole(entry)).map(({ path }) => path),
  };
}

/** True if the path, with its links resolved, is in what a container sees of the host. */
export async function isInPart(path: string, { targets, bound }: HostParts): Promise<boolean> {
  const real = await realpath(path);
  return [...targets.map(({ target }) => target), ...bound].some((part) => isBelow(real, part));
}

function isBelow(inner: string, outer: string): boolean {
  return `${inner}/`.startsWith(`${outer}/`);
}

/** File systems of the kernel itself: a look at others may wait for a server, or have one mounted (autofs). */
const answering = new Set(['ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay', 'f2fs', 'zfs', 'ext3', 'ext2', 'bcachefs']);

/** Mounts below `/`. What is not looked at, or cannot be, is taken for a directory. */
async function mountsBelow(): Promise<{ readonly path: string; readonly isFile: boolean }[]> {
  const mounts = mountPoints(await readFile('/proc/self/mountinfo', 'utf8'));
  const below = mounts.filter(({ path }) => path !== '/' && ![...own].some((one) => isBelow(path, one)));
  return Promise.all(
    below.map(async ({ path, type }) => {
      const facts = answering.has(type) ? await stat(path).catch(() => null) : null;
      return { path, isFile: facts?.isFile() ?? false };
    }),
  );
}

/** Mount points and types of file systems in /proc/PID/mountinfo, proc_pid_mountinfo(5). Pure. */
export function mountPoints(mountinfo: string): { readonly path: string; readonly type: string }[] {
  return mountinfo.split('\n').flatMap((line) => {
    const escaped = line.split(' ')[4];
    if (escaped === undefined) return [];
    const path = escaped.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
    return [{ path, type: / - (\S+)/.exec(line)?.[1] ?? '' }];
  });
}

/** A directory or a link of the host, of `/` or one level below. */
interface RootEntry {
  readonly path: string;
  readonly kind: 'directory' | 'link';
  readonly mode: number;
  /** Target of a link; empty otherwise. */
  readonly text: string;
  readonly sameFileSystem: boolean;
}

/** Directories and links in a directory of the host. */
async function entriesOf(directory: string, dev: number): Promise<RootEntry[]> {
  const names = (await readdir(directory)).sort();
  const entries = await Promise.all(
    names.map(async (name): Promise<RootEntry[]> => {
      const path = join(directory, name);
      const facts = await lstat(path);
      const common = { path, mode: facts.mode & 0o7777, sameFileSystem: facts.dev === dev };
      if (facts.isDirectory()) return [{ ...common, kind: 'directory', text: '' }];
      return facts.isSymbolicLink() ? [{ ...common, kind: 'link', text: await readlink(path) }] : [];
    }),
  );
  return entries.flat();
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Makes the layer with the links and empty directories of `/`, once for each content. Returns its directory. */
async function ensureRoot(store: Store, entries: readonly RootEntry[]): Promise<string> {
  const content = entries.map(({ path, kind, mode, text }) => [path, kind, mode, text]);
  const id = `host-${sha256(JSON.stringify(content)).slice('sha256:'.length, 'sha256:'.length + 16)}`;
  const diff = store.diffPath(id);
  if (await layerExists(diff)) return diff;
  await using staging = await store.stage();
  const root = join(staging.path, 'diff');
  await mkdir(root);
  await setMode(root, 0o755);
  for (const { path, kind, mode, text } of entries) {
    const made = join(root, path);
    if (kind === 'link') await symlink(text, made);
    else {
      await mkdir(made);
      await setMode(made, mode);
    }
  }
  await staging.commit(store.layerPath(id), { durable: true });
  return diff;
}

/** Sets the mode through a descriptor, because mkdir is subject to the umask. */
async function setMode(path: string, mode: number): Promise<void> {
  const directory = await open(path, 'r');
  await directory.chmod(mode);
  await directory.close();
}
