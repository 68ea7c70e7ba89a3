import { type ArchiveSums, type PackOptions, pack, type UnpackOptions, unpack } from '../archive/index.ts';

/** What the image store needs of the archive executable; a test may stand in for it. */
export interface Archiver {
  unpack(options: UnpackOptions): Promise<ArchiveSums>;
  pack(options: PackOptions): Promise<ArchiveSums>;
}

/** The executable itself. */
export const archiveProcess: Archiver = { unpack, pack };
