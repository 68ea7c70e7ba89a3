import type { Rights } from '../../native/rights.ts';
import { type ArchiveSums, type PackOptions, pack, type UnpackOptions, unpack } from '../archive/index.ts';

/** The functions of orlop-archive that the image store uses. Tests replace them. */
export interface Archiver {
  unpack(options: UnpackOptions): Promise<ArchiveSums>;
  pack(options: PackOptions): Promise<ArchiveSums>;
}

/** Implementation by the executable, for a caller with these rights. */
export function archiveProcess(rights: Rights): Archiver {
  if (rights.kind === 'none') {
    const refuse = () => Promise.reject(rights.why);
    return { unpack: refuse, pack: refuse };
  }
  return { unpack: (options) => unpack(options, rights), pack: (options) => pack(options, rights) };
}
