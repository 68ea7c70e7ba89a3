import {
  chmodSync,
  chownSync,
  close,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { readdir, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { abi, type Change, type Native } from '../../ts/native/contract.ts';
import { rootRights } from '../../ts/native/rights.ts';

/**
 * The functions of the addon that the store needs, for tests without a build: locks between descriptors of this
 * process, and removal. All others throw.
 */
export function fakeNative(overrides: Partial<Native> = {}): Native {
  const locks = new FakeLocks();
  const known: Partial<Native> = {
    abi,
    rights: rootRights,
    tryLock: (fd, kind) => locks.tryLock(fd, kind),
    change: (changes) => changes.forEach(makeChange),
    changeLater: async (changes) => changes.forEach(makeChange),
    syncfs: async () => {},
    spreadSubdirectories: () => false,
    close: promisify(close),
    closeSync,
    disown: () => {},
    lookAt: async (path) => {
      const facts = await stat(path, { bigint: true });
      const [device, inode, directory] = [facts.dev, facts.ino, facts.isDirectory()];
      return { path: await realpath(path), device, inode, directory, special: '', fileSystem: 0 };
    },
    openInRoot: async (root, path, flags) => openSync(join(`/proc/self/fd/${root}`, path), flags),
    removeTree: async (directory, name) => {
      const parent = `/proc/self/fd/${directory}`;
      if ((await readdir(parent)).includes(name)) await rm(join(parent, name), { recursive: true });
    },
    ...overrides,
  };
  return new Proxy(known, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (value === undefined) throw new Error(`the fake addon has no ${String(name)}`);
      return value;
    },
  }) as Native;
}

/** Makes one change like the addon, without locks, which the store's tests do not need. */
function makeChange(change: Change): void {
  const [kind, path] = change;
  if (kind === 'mkdir') mkdirSync(path, { mode: change[2] });
  else if (kind === 'write') writeFileSync(path, change[2], { mode: change[3] });
  else if (kind === 'rename') renameSync(path, change[2]);
  else if (kind === 'remove') rmSync(path, { recursive: true, force: true });
  else if (kind === 'rmdir') rmdirSync(path);
  else if (kind === 'unlink') rmSync(path, { force: true });
  else if (kind === 'layer') {
    mkdirSync(path, { mode: 0o700 });
    mkdirSync(`${path}/diff`, { mode: 0o755 });
    for (const name of ['work', 'mnt']) mkdirSync(`${path}/${name}`, { mode: 0o700 });
  } else if (kind === 'attributes') {
    chownSync(path, change[3], change[4]);
    chmodSync(path, change[2]);
  } else if (kind === 'discard') {
    if (existsSync(path)) renameSync(path, change[2]);
  } else if (kind !== 'sync') throw new Error(`the fake addon does not ${kind}`);
}

/** flock(2) between the descriptors of one process: closing a descriptor releases its lock. */
class FakeLocks {
  #holders: { fd: number; inode: bigint; kind: 'shared' | 'exclusive' }[] = [];

  tryLock(fd: number, kind: 'shared' | 'exclusive'): boolean {
    const inode = fstatSync(fd, { bigint: true }).ino;
    this.#holders = this.#holders.filter((holder) => holder.fd !== fd && inodeOf(holder.fd) === holder.inode);
    const others = this.#holders.filter((holder) => holder.inode === inode);
    if (others.some((holder) => kind === 'exclusive' || holder.kind === 'exclusive')) return false;
    this.#holders.push({ fd, inode, kind });
    return true;
  }
}

function inodeOf(fd: number): bigint | null {
  try {
    return fstatSync(fd, { bigint: true }).ino;
  } catch {
    return null;
  }
}
