import { statfs } from 'node:fs/promises';
import type { ResolvedSource } from './sources.ts';

/** `f_type` of statfs(2) of file systems without a block device of their own that answer from this machine. */
const local: ReadonlySet<number> = new Set([
  0x0102_1994, // tmpfs
  0x8584_58f6, // ramfs
  0x794c_7630, // overlayfs
  0x9123_683e, // btrfs
  0x2fc1_2fc1, // zfs
  0xca45_1a4e, // bcachefs
]);

/** `f_type` of FUSE, where a server answers, with a block device (`fuseblk`) too. */
const fuse = 0x6573_5546;

type Source = Pick<ResolvedSource, 'device' | 'path' | 'fileSystem'>;

/** Answers by source. Each look at a path makes a new object, so none is out of date. */
const answers = new WeakMap<Source, boolean>();

/**
 * True if one of the sources lies on a file system that may not answer for a long time, such as NFS or FUSE without
 * their server.
 */
export async function mayHang(sources: Iterable<Source>): Promise<boolean> {
  for (const source of sources) if (answers.get(source) ?? (await ask(source))) return true;
  return false;
}

async function ask(source: Source): Promise<boolean> {
  const { device, path, fileSystem } = source;
  const answer = fileSystem === fuse || (major(device) === 0n && !local.has(fileSystem ?? (await typeAt(path))));
  answers.set(source, answer);
  return answer;
}

/** `f_type` at a path; 0 if statfs fails, so that the start goes to a child, which can be killed. */
async function typeAt(path: string): Promise<number> {
  return statfs(path).then(
    ({ type }) => type,
    () => 0,
  );
}

/** Major number of a device; 0 for file systems that are not on a block device (makedev(3)). */
function major(device: bigint): bigint {
  return ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
}
