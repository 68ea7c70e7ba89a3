import { fstatSync, readFileSync } from 'node:fs';
import { RequestError } from '../../errors/index.ts';
import { type Marks, type Rights, rootRights } from '../../native/rights.ts';
import { type Digest, isDigest } from '../digest.ts';
import { runArchive } from './process.ts';
import { packing } from './report.ts';

/** Sums of an archive. Sizes in bytes; digests have a checked form, because they become file names. */
export interface ArchiveSums {
  /** Digest of the bytes in the blob, compressed or not. */
  readonly digest: Digest;
  readonly size: number;
  /** Digest of the uncompressed tar, up to its last byte. */
  readonly diffId: Digest;
  readonly uncompressedSize: number;
  readonly entries: number;
}

/**
 * Called with the bytes of the archive that are read or written so far, compressed if it is: at most ten times a second,
 * and at the end. `total` is undefined until the end if the length is not known. What it throws ends the process.
 */
export type OnBytes = (bytes: number, total: number | undefined) => void;

/** User namespace that orlop-archive enters; see `Rights`. */
export type Namespace = Pick<Rights, 'userNamespace'>;

export interface UnpackOptions {
  /** Descriptor of the archive: file or pipe; plain, gzip or zstd. Read to its end from its current offset. */
  readonly source: number;
  /** Descriptor of an empty directory. It becomes the root of the unpacking process. */
  readonly directory: number;
  /** True for a layer of an image: `.wh.` names become whiteouts and opaque directories. Otherwise they are refused. */
  readonly layer: boolean;
  /**
   * True for a container of other files (docker-archive, OCI archive): unpacks only files, directories, and links that
   * stay inside, all private to the caller, without the archive's owners and modes.
   */
  readonly filesOnly?: boolean | undefined;
  /**
   * Descriptor of the root of the layers below. A directory that the archive has files in, but no entry for, keeps the
   * owner and mode that it has there. Otherwise it gets 0755 and 0:0.
   */
  readonly below?: number | undefined;
  /** Descriptor that receives a copy of the bytes of `source`. */
  readonly copyTo?: number | undefined;
  /** Descriptor of a file that receives the index of owners, `native/archive/owners.h`. For a user namespace. */
  readonly owners?: number | undefined;
  /** Maximum bytes of the decompressed archive; default 64 GiB. */
  readonly maxSize?: number | undefined;
  /** Maximum bytes per compressed byte, checked from 256 MiB on; default 2000. */
  readonly maxRatio?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: OnBytes | undefined;
}

const defaultMaxSize = 64 * 1024 ** 3;
const defaultMaxRatio = 2000;

/**
 * Unpacks an archive in a jailed process. If it fails, remove the directory. A root file system without an end mark is a
 * warning of the process, as GNU tar, Docker and Podman take it: it may have been cut between two entries.
 *
 * If a layer has no entry for its root, the directory gets the mode and owner of the layers below; without one below, it
 * keeps its own. Any other archive without an entry for the root gets 0755 and 0:0. Data is not synced.
 *
 * @throws RequestError ORLOP_E_ARCHIVE with the entry and the reason, ORLOP_E_ABORTED
 * @throws LaunchError if the kernel refused, for example ENOSPC
 */
export async function unpack(options: UnpackOptions, { userNamespace }: Namespace = rootRights): Promise<ArchiveSums> {
  const kind = options.layer ? 'layer' : options.filesOnly ? 'files' : 'tree';
  const { maxSize = defaultMaxSize, maxRatio = defaultMaxRatio, copyTo, below, owners, onBytes } = options;
  const total = onBytes === undefined ? undefined : lengthOf(options.source);
  const result = await runArchive({
    action: 'unpack the archive',
    argv: [
      ...['unpack', kind, String(maxSize), String(maxRatio)],
      copyTo === undefined ? '-' : 'copy',
      below === undefined ? '-' : 'below',
      owners === undefined ? '-' : 'owners',
    ],
    input: options.source,
    output: 'ignore',
    directory: options.directory,
    copy: copyTo ?? 'ignore',
    below: below ?? 'ignore',
    owners: owners === undefined ? [] : [owners],
    userNamespace,
    signal: options.signal,
    onBytes: (bytes) => onBytes?.(bytes, total),
  });
  const sums = sumsOf(result);
  onBytes?.(sums.size, sums.size);
  if (kind === 'tree' && result.endMark === false) {
    process.emitWarning('the archive has no end mark: it may have been cut between two entries', 'OrlopWarning');
  }
  return sums;
}

/** Bytes from the position of a descriptor to the end of its file; undefined if it is no regular file. */
function lengthOf(descriptor: number): number | undefined {
  const facts = fstatSync(descriptor);
  if (!facts.isFile()) return undefined;
  const position = /^pos:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
  return Math.max(0, facts.size - Number(position ?? 0));
}

/** Names of orlop-archive. */
const kinds = { false: 'tree', trusted: 'layer', user: 'user-layer' } as const;

export type Compression = 'none' | 'gzip' | 'zstd';

export interface PackOptions {
  /** Descriptor of the directory. Mounts below it are left out. */
  readonly directory: number;
  /** Descriptor that receives the archive: file or pipe. */
  readonly output: number;
  /** For the upper directory of an overlay, its marks: whiteouts and opaque directories become `.wh.` names. */
  readonly layer: Marks | false;
  readonly compression: Compression;
  /** Descriptors of the indexes of owners of the layers, lowest first. */
  readonly owners?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: OnBytes | undefined;
}

/**
 * Packs a directory as a tar (PAX), with its root as `./`. Equal trees give equal bytes: sorted by name, without access
 * times and user names. Sockets are left out.
 *
 * @throws RequestError ORLOP_E_ARCHIVE if the tree changes during the reading, or a layer cannot hold an entry
 * @throws LaunchError if the kernel refused
 */
export async function pack(options: PackOptions, { userNamespace }: Namespace = rootRights): Promise<ArchiveSums> {
  const { owners = [] } = options;
  const result = await runArchive({
    action: packing,
    argv: ['pack', kinds[`${options.layer}`], options.compression, String(owners.length)],
    input: 'ignore',
    output: options.output,
    directory: options.directory,
    copy: 'ignore',
    below: 'ignore',
    owners,
    userNamespace,
    signal: options.signal,
    onBytes: (bytes) => options.onBytes?.(bytes, undefined),
  });
  const sums = sumsOf(result);
  options.onBytes?.(sums.size, sums.size);
  return sums;
}

function sumsOf(result: Record<string, unknown>): ArchiveSums {
  return {
    digest: digestOf(result.digest),
    size: Number(result.size),
    diffId: digestOf(result.diffId),
    uncompressedSize: Number(result.uncompressedSize),
    entries: Number(result.entries),
  };
}

function digestOf(value: unknown): Digest {
  if (isDigest(value)) return value;
  throw new RequestError('ORLOP_E_NATIVE', `orlop-archive reported no digest: ${String(value)}`, {
    hint: 'it is of another version: unset ORLOP_ARCHIVE, or install orlop again',
  });
}
