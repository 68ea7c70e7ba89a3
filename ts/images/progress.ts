/** How far an operation on images has come. The last event of a stage has `bytes` equal to `totalBytes`. */
export interface Progress {
  /** `read`: an archive of images is read; `unpack`: the archive of a layer is unpacked; `pack`: an archive is written. */
  readonly stage: 'read' | 'unpack' | 'pack';
  /** Diff ID of the layer that is unpacked, `sha256:…`; undefined where there is only one. */
  readonly layer?: string | undefined;
  /** Bytes of the archive that are read or written so far, compressed if it is. */
  readonly bytes: number;
  /** Bytes of the whole archive; undefined while they are not known: of a pipe, and of a layer that is committed. */
  readonly totalBytes?: number | undefined;
}

/**
 * Called at most ten times a second, and at the end of each stage. What it throws ends the operation, which rejects with
 * it.
 */
export type OnProgress = (progress: Progress) => void;
