import type { Digest } from './digest.ts';

export interface UnpackOptions {
  /** Descriptor of the archive: a file or a pipe, plain, gzip or zstd. */
  readonly source: number;
  /** Descriptor of the empty directory that it goes to. */
  readonly directory: number;
  /** An image layer: `.wh.` names become whiteouts and opaque directories. Elsewhere they are refused. */
  readonly layer: boolean;
  /** Descriptor that gets a copy of the archive's bytes as they came. */
  readonly copyTo?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PackOptions {
  readonly directory: number;
  readonly output: number;
  /** The directory is the upper side of an overlay: whiteouts become `.wh.` names. */
  readonly layer: boolean;
  readonly compression: 'none' | 'gzip' | 'zstd';
  readonly signal?: AbortSignal | undefined;
}

export interface ArchiveFacts {
  /** Of the bytes as they came or went. */
  readonly digest: Digest;
  readonly size: number;
  /** Of the tar inside the compression. */
  readonly diffId: Digest;
  readonly uncompressedSize: number;
}

/** What the image store needs of the archive executable. */
export interface Archiver {
  unpack(options: UnpackOptions): Promise<ArchiveFacts>;
  pack(options: PackOptions): Promise<ArchiveFacts>;
}
