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

/** With or without a block device (`fuseblk`), it is a server that answers. */
const fuse = 0x6573_5546;

type Source = Pick<ResolvedSource, 'device' | 'path' | 'fileSystem'>;

/** What was found out about a source. Whoever looks at a place again has another object for it. */
const answers = new WeakMap<Source, boolean>();

/**
 * Whether one of the sources lies on a file system that may not answer for a long time, as NFS or FUSE do when their
 * server is gone.
 */
export async function mayHang(sources: Iterable<Source>): Promise<boolean> {
  for (const source of sources) if (answers.get(source) ?? (await ask(source))) return true;
  return false;
}

/** Whether all of them are known to answer, without looking. */
export function willAnswer(sources: Iterable<Source>): boolean {
  for (const source of sources) if (answers.get(source) !== false) return false;
  return true;
}

async function ask(source: Source): Promise<boolean> {
  const { device, path, fileSystem } = source;
  const answer = fileSystem === fuse || (major(device) === 0n && !local.has(fileSystem ?? (await typeAt(path))));
  answers.set(source, answer);
  return answer;
}

/** 0 where it cannot be told, because the source has gone or its server has: a child can be killed there. */
async function typeAt(path: string): Promise<number> {
  return statfs(path).then(
    ({ type }) => type,
    () => 0,
  );
}

/** 0 stands for file systems that are not on a block device (makedev(3)). */
function major(device: bigint): bigint {
  return ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
}
