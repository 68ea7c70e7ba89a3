import type { OnProgress } from '../../images/progress.ts';
import type { Listing, ListOptions } from './listing.ts';

export type { OnProgress, Progress } from '../../images/progress.ts';

/** An image in a list. */
export interface ImageSummary {
  /** `sha256:` and the 64 hexadecimal digits of the image's configuration. */
  readonly id: string;
  /** Names in familiar form, `debian:trixie`; empty for an image without a name. */
  readonly references: readonly string[];
  /** Time of creation from the image's configuration; null if it has none. */
  readonly created: Date | null;
  /** Size of the unpacked layers in bytes. */
  readonly size: number;
  /**
   * Bytes in the store: the archives of the layers, which `save` writes, and those layers that are unpacked. Layers that
   * images share count for each of them.
   */
  readonly diskUsage: number;
  /** Labels of the image's configuration. */
  readonly labels: Readonly<Record<string, string>>;
}

/** JSON in the format of `docker image inspect`. */
export interface ImageInspect {
  /** `sha256:` and the 64 hexadecimal digits of the image's configuration. */
  readonly Id: string;
  /** Names in familiar form, `debian:trixie`. */
  readonly RepoTags: readonly string[];
  /** Time of creation, RFC 3339; empty if the image has none. */
  readonly Created: string;
  /** Size of the unpacked layers in bytes. */
  readonly Size: number;
  /** Bytes in the store: the archives of the layers, and those layers that are unpacked. Not in Docker's format. */
  readonly DiskUsage: number;
  /** Configuration: `Env`, `Cmd`, `Entrypoint`, `WorkingDir`, `User`, `Volumes`, `Labels` and so on. */
  readonly Config: Readonly<Record<string, unknown>>;
  /** Layers of the image. */
  readonly RootFS: {
    /** The only type. */
    readonly Type: 'layers';
    /** Diff IDs (digests of the uncompressed archives), lowest layer first. */
    readonly Layers: readonly string[];
  };
  /** Other fields of Docker's format: `History`, for example. */
  readonly [more: string]: unknown;
}

/** Options of `import`. */
export interface ImportOptions {
  /** Name of the new image, or null. */
  readonly reference: string | null;
  /** Comment in the image's history. */
  readonly message?: string | undefined;
  /** Dockerfile instructions to apply: `CMD ["sh"]`, `ENV A=b`, `WORKDIR /x`. */
  readonly changes?: readonly string[] | undefined;
  /** Aborts the import; nothing of the image is kept. */
  readonly signal?: AbortSignal | undefined;
  /** Called while the archive is unpacked. */
  readonly onProgress?: OnProgress | undefined;
}

/** A new image. */
export interface NewImage {
  /** `sha256:` and the 64 hexadecimal digits of the image's configuration. */
  readonly id: string;
}

/** `docker-archive`: the format of `docker save`; `oci-archive`: an OCI image layout in a tar archive. */
export type ArchiveFormat = 'docker-archive' | 'oci-archive';

/** Images of a store. */
export interface Images {
  /** Lists all images except the built-in `host`. */
  list(options?: ListOptions<ImageSummary>): Promise<Listing<ImageSummary>>;
  /**
   * Inspects an image by name, ID, or unique prefix of an ID.
   *
   * @throws RequestError ORLOP_E_NO_IMAGE, ORLOP_E_DAMAGED
   */
  inspect(nameOrId: string): Promise<ImageInspect>;
  /**
   * Makes an image with one layer from a tar archive (plain, gzip or zstd).
   *
   * @param source path of the archive, or a descriptor that is open for reading (pipes work); it stays open
   * @throws RequestError ORLOP_E_ARCHIVE if it cannot be unpacked safely, ORLOP_E_REFERENCE, ORLOP_E_INPUT,
   * ORLOP_E_ABORTED
   * @example
   * const { id } = await orlop.images.import('busybox.tar', { reference: 'box:1', changes: ['CMD ["sh"]'] });
   * console.log(id.slice(0, 7)); // → sha256:
   * @example
   * let last = { stage: '', bytes: 0, totalBytes: 0 };
   * const onProgress = (progress) => { last = progress; };
   * await orlop.images.import('busybox.tar', { reference: 'box:2', onProgress });
   * console.log(last.stage, last.bytes === last.totalBytes); // → unpack true
   */
  import(source: string | number, options: ImportOptions): Promise<NewImage>;
  /**
   * Removes a name from an image, and the image with its last name.
   *
   * @throws RequestError ORLOP_E_NO_IMAGE; ORLOP_E_IMAGE_IN_USE if containers use the image, or if `nameOrId` is an ID,
   * the image has several names, and `force` is not set
   */
  remove(
    nameOrId: string,
    options?: {
      /** Also remove an image with several names; remove the names of an image that containers use. Default false. */
      readonly force?: boolean | undefined;
      /** Ends the wait for other programs that use the images; nothing is removed. */
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<{
    /** Removed names, in familiar form. */
    readonly untagged: readonly string[];
    /** IDs of the removed image and of its removed layers. */
    readonly deleted: readonly string[];
  }>;
  /**
   * Adds a name to an image. Another image that had the name loses it.
   *
   * @param options `signal` ends the wait for other programs that use the images
   * @throws RequestError ORLOP_E_NO_IMAGE, ORLOP_E_REFERENCE, ORLOP_E_ABORTED
   */
  tag(nameOrId: string, reference: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Writes images to an archive that `load`, Docker and Podman can read.
   *
   * @param references names or IDs; an image given by ID is saved without a name
   * @throws RequestError ORLOP_E_NO_IMAGE, ORLOP_E_DAMAGED; ORLOP_E_INPUT for the image `host`
   */
  save(
    references: readonly string[],
    options: {
      /** File, pipe or socket that is open for writing; it stays open. */
      readonly descriptor: number;
      /** Format of the archive; default `docker-archive`. */
      readonly format?: ArchiveFormat | undefined;
      /** Called while the archive is written. */
      readonly onProgress?: OnProgress | undefined;
      /** Aborts the writing; the archive is incomplete. */
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<void>;
  /**
   * Reads the images of an archive, compressed or not, that `save`, Docker, Podman or another OCI tool wrote.
   *
   * @param source path of the archive, or a descriptor that is open for reading (pipes work); it stays open
   * @throws RequestError ORLOP_E_ARCHIVE if it is not an image archive, or its content does not match its digests
   */
  load(
    source: string | number,
    options?: {
      /** Called while the archive is read, and while each of its layers is unpacked. */
      readonly onProgress?: OnProgress | undefined;
      /** Aborts the reading; no image of the archive is kept that has no name yet. */
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<
    readonly {
      /** ID of the image: `sha256:…`. */
      readonly id: string;
      /** Names that the image received, in familiar form; empty if the archive has none. */
      readonly references: readonly string[];
    }[]
  >;
}
