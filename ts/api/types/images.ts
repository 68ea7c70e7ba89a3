import type { Listing, ListOptions } from './listing.ts';

/** An image in a list. */
export interface ImageSummary {
  /** `sha256:` and the 64 hexadecimal digits of the image's configuration. */
  readonly id: string;
  /** Familiar form, `debian:trixie`; empty for an image without a name. */
  readonly references: readonly string[];
  /** When the image says that it was made. */
  readonly created: Date | null;
  /** Bytes of its unpacked layers. */
  readonly size: number;
  /** Labels of its configuration. */
  readonly labels: Readonly<Record<string, string>>;
}

/** JSON in the shape of `docker image inspect`. */
export interface ImageInspect {
  /** `sha256:` and the 64 hexadecimal digits of the image's configuration. */
  readonly Id: string;
  /** Familiar form, `debian:trixie`. */
  readonly RepoTags: readonly string[];
  /** RFC 3339, or empty where the image does not say. */
  readonly Created: string;
  /** Bytes of its unpacked layers. */
  readonly Size: number;
  /** `Env`, `Cmd`, `Entrypoint`, `WorkingDir`, `User`, `Volumes`, `Labels` and so on. */
  readonly Config: Readonly<Record<string, unknown>>;
  /** The layers. */
  readonly RootFS: {
    /** There is no other. */
    readonly Type: 'layers';
    /** Diff IDs, the lowest layer first: digests of the uncompressed archives. */
    readonly Layers: readonly string[];
  };
  /** What Docker has besides: `History`, for example. */
  readonly [more: string]: unknown;
}

/** How an archive becomes an image. */
export interface ImportOptions {
  /** Name of the new image, or null. */
  readonly reference: string | null;
  /** A line for its history. */
  readonly message?: string | undefined;
  /** Instructions of a Dockerfile: `CMD ["sh"]`, `ENV A=b`, `WORKDIR /x`. */
  readonly changes?: readonly string[] | undefined;
  /** Ends the import; nothing of the image is kept. */
  readonly signal?: AbortSignal | undefined;
}

/** An image that was made. */
export interface NewImage {
  /** `sha256:` and the 64 hexadecimal digits of its configuration. */
  readonly id: string;
}

/** That of `docker save`, or an OCI image layout in a tar archive. */
export type ArchiveFormat = 'docker-archive' | 'oci-archive';

/** The images of a store. */
export interface Images {
  /** All images; `host`, which is built in, is not among them. */
  list(options?: ListOptions<ImageSummary>): Promise<Listing<ImageSummary>>;
  /**
   * One image, by name, ID, or unique beginning of an ID.
   *
   * @throws RequestError ORLOP_E_NO_IMAGE, ORLOP_E_DAMAGED
   */
  inspect(nameOrId: string): Promise<ImageInspect>;
  /**
   * Makes an image of one layer of a tar archive (plain, gzip or zstd).
   *
   * @param source path of the archive, or a descriptor that is open for reading: a pipe will do; it stays open
   * @throws RequestError ORLOP_E_ARCHIVE for what cannot be unpacked safely, ORLOP_E_REFERENCE, ORLOP_E_INPUT, ORLOP_E_ABORTED
   * @example
   * const { id } = await orlop.images.import('busybox.tar', { reference: 'box:1', changes: ['CMD ["sh"]'] });
   * console.log(id.slice(0, 7)); // → sha256:
   */
  import(source: string | number, options: ImportOptions): Promise<NewImage>;
  /**
   * Takes a name from an image, and removes it with its last name.
   *
   * @throws RequestError ORLOP_E_NO_IMAGE; ORLOP_E_IMAGE_IN_USE when containers use it, or it was named by ID and has
   * several names and `force` is not set
   */
  remove(
    nameOrId: string,
    options?: {
      /** Remove an image that has several names; take the names from one that containers use. */
      readonly force?: boolean | undefined;
    },
  ): Promise<{
    /** Names that are gone, in familiar form. */
    readonly untagged: readonly string[];
    /** IDs of the image and of its layers that are gone. */
    readonly deleted: readonly string[];
  }>;
  /**
   * Gives an image one more name; another image that had it loses it.
   *
   * @throws RequestError ORLOP_E_NO_IMAGE, ORLOP_E_REFERENCE
   */
  tag(nameOrId: string, reference: string): Promise<void>;
  /**
   * Writes images to an archive that `load`, and Docker and Podman, read.
   *
   * @param references names or IDs; what is named by ID is saved without a name
   * @throws RequestError ORLOP_E_NO_IMAGE, ORLOP_E_DAMAGED; ORLOP_E_INPUT for the image `host`
   */
  save(
    references: readonly string[],
    options: {
      /** Of a file, pipe or socket that is open for writing; it stays open. */
      readonly descriptor: number;
      /** Default `docker-archive`. */
      readonly format?: ArchiveFormat | undefined;
    },
  ): Promise<void>;
  /**
   * Reads the images of an archive, compressed or not, that `save`, Docker, Podman or another OCI tool wrote.
   *
   * @param source path of the archive, or a descriptor that is open for reading: a pipe will do; it stays open
   * @throws RequestError ORLOP_E_ARCHIVE when it is none, or what it holds is not what its digests say
   */
  load(source: string | number): Promise<
    readonly {
      /** `sha256:…`. */
      readonly id: string;
      /** Names that it has got, in familiar form; empty when the archive gave it none. */
      readonly references: readonly string[];
    }[]
  >;
}
