import type { Native } from '../native/contract.ts';
import type { ArchiveFacts, Archiver } from './archiver.ts';

/** Descriptors. */
export interface Repacking {
  /** Upper directory of an overlay. */
  readonly upper: number;
  /** The archive: an empty file, open for writing. */
  readonly output: number;
  /** The same file, open for reading. */
  readonly source: number;
  /** The empty directory that becomes the layer. */
  readonly directory: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Repacked {
  readonly packed: ArchiveFacts;
  readonly unpacked: ArchiveFacts;
}

/**
 * Packs a read-write layer and unpacks the archive while it is being written, so that both take little longer than the
 * slower of them. What fails first ends the other.
 *
 * @throws {RequestError} ORLOP_E_ARCHIVE
 */
export async function repack(
  archiver: Archiver,
  native: Native,
  { upper, output, source, directory, signal }: Repacking,
): Promise<Repacked> {
  const failed = new AbortController();
  const until = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const [read, write] = native.pipe();
  const packing = archiver.pack({
    directory: upper,
    output,
    layer: true,
    compression: 'none',
    growth: write,
    signal: until,
  });
  const unpacking = archiver.unpack({ source, directory, layer: true, growth: read, signal: until });
  const done = Promise.all([packing, unpacking]);
  // After `done` has heard of it: when the packer failed, that went wrong, and not that the archive ends too early.
  const close = () => native.closeSync(write);
  packing.then(close, close);
  try {
    const [packed, unpacked] = await done;
    return { packed, unpacked };
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled([packing, unpacking]);
    throw error;
  } finally {
    native.closeSync(read);
  }
}
