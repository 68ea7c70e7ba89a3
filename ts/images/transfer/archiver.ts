import { type ArchiveSums, type PackOptions, pack, type UnpackOptions, unpack } from '../archive/index.ts';

/** The functions of orlop-archive that the image store uses. Tests replace them. */
export interface Archiver {
  unpack(options: UnpackOptions): Promise<ArchiveSums>;
  pack(options: PackOptions): Promise<ArchiveSums>;
}

/** Implementation by the executable. */
export const archiveProcess: Archiver = { unpack, pack };
