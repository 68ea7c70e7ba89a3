import { RequestError } from '../errors/index.ts';
import { type ArchiveSums, type PackOptions, pack, type UnpackOptions, unpack } from './archive/index.ts';
import { type Digest, isDigest } from './digest.ts';

/** What an archive was: its digests are checked to be digests, as they become names of files. */
export interface ArchiveFacts extends ArchiveSums {
  readonly digest: Digest;
  readonly diffId: Digest;
}

/** What the image store needs of the archive executable; a test may stand in for it. */
export interface Archiver {
  unpack(options: UnpackOptions): Promise<ArchiveFacts>;
  pack(options: PackOptions): Promise<ArchiveFacts>;
}

/** The executable itself. */
export const archiveProcess: Archiver = {
  unpack: async (options) => checked(await unpack(options)),
  pack: async (options) => checked(await pack(options)),
};

function checked(sums: ArchiveSums): ArchiveFacts {
  const { digest, diffId } = sums;
  if (isDigest(digest) && isDigest(diffId)) return { ...sums, digest, diffId };
  throw new RequestError('ORLOP_E_NATIVE', 'orlop-archive gave a result that is not one', {
    hint: 'it is of another version: unset ORLOP_ARCHIVE, or install orlop again',
  });
}
