import { RequestError } from '../../errors/index.ts';
import { type Digest, isDigest } from '../digest.ts';
import { runArchive } from './process.ts';
import { packing } from './report.ts';

/** Sums of an archive. Sizes in bytes; digests are checked to be digests, as they become names of files. */
export interface ArchiveSums {
  /** Of the bytes as they lie in the blob, compressed or not. */
  readonly digest: Digest;
  readonly size: number;
  /** Of the uncompressed tar, to its last byte. */
  readonly diffId: Digest;
  readonly uncompressedSize: number;
  readonly entries: number;
}

export interface UnpackOptions {
  /** Descriptor of the archive: file or pipe; plain, gzip or zstd. Read to its end from where it stands. */
  readonly source: number;
  /** Descriptor of an empty directory, which becomes the root of the process that unpacks. */
  readonly directory: number;
  /** A layer of an image: `.wh.` names become whiteouts and opaque directories. Otherwise they are refused. */
  readonly layer: boolean;
  /**
   * A container of other files (docker-archive, OCI archive): only files, directories and links that stay inside, all
   * private to the caller, whatever owner and mode the archive says.
   */
  readonly filesOnly?: boolean | undefined;
  /** Descriptor that gets the bytes of `source` as they come. */
  readonly copyTo?: number | undefined;
  /** Most bytes that the archive may have when it is decompressed. 64 GiB unless given. */
  readonly maxSize?: number | undefined;
  /** Most bytes that one compressed byte may become, judged from 256 MiB on. 2000 unless given. */
  readonly maxRatio?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const defaultMaxSize = 64 * 1024 ** 3;
const defaultMaxRatio = 2000;

/**
 * Unpacks an archive in a jailed process. The directory holds nothing useful when it fails: remove it.
 *
 * Where the archive has no entry for the root, a layer's keeps the mode and owner that the directory has, because it is
 * the root of all layers below it; otherwise it gets 0755 and 0:0. Data is not synced.
 *
 * @throws RequestError ORLOP_E_ARCHIVE that names the entry and what is wrong with it, ORLOP_E_ABORTED
 * @throws LaunchError when the kernel refused, for example ENOSPC
 */
export async function unpack(options: UnpackOptions): Promise<ArchiveSums> {
  const kind = options.layer ? 'layer' : options.filesOnly ? 'files' : 'tree';
  const { maxSize = defaultMaxSize, maxRatio = defaultMaxRatio, copyTo } = options;
  const result = await runArchive({
    action: 'unpack the archive',
    argv: ['unpack', kind, String(maxSize), String(maxRatio), copyTo === undefined ? '-' : 'copy'],
    input: options.source,
    output: 'ignore',
    directory: options.directory,
    copy: copyTo ?? 'ignore',
    signal: options.signal,
  });
  return sumsOf(result);
}

export type Compression = 'none' | 'gzip' | 'zstd';

export interface PackOptions {
  /** Descriptor of the directory. What is mounted below it is left out. */
  readonly directory: number;
  /** Descriptor that gets the archive: file or pipe. */
  readonly output: number;
  /** The directory is the upper one of an overlay: whiteouts and opaque directories become `.wh.` names. */
  readonly layer: boolean;
  readonly compression: Compression;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Packs a directory as a tar (PAX), its root as `./`. Equal trees give equal bytes: sorted by name, without access times
 * and names of users. Sockets are left out.
 *
 * @throws RequestError ORLOP_E_ARCHIVE when the tree changes while it is read, or has what a layer cannot hold
 * @throws LaunchError when the kernel refused
 */
export async function pack(options: PackOptions): Promise<ArchiveSums> {
  const result = await runArchive({
    action: packing,
    argv: ['pack', options.layer ? 'layer' : 'tree', options.compression],
    input: 'ignore',
    output: options.output,
    directory: options.directory,
    copy: 'ignore',
    signal: options.signal,
  });
  return sumsOf(result);
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
