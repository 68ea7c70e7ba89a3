import type { RequestError } from '../errors/index.ts';
import type { Change } from '../native/contract.ts';
import type { Marks } from '../native/rights.ts';
import type { OnProgress } from './progress.ts';

/** Run options of an image: the part of the OCI image configuration that containers use. */
export interface ImageConfig {
  /** `NAME=value`; later entries win. */
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** Absolute, or empty for `/`. */
  readonly workingDir: string;
  /** `user[:group]`, names or numbers; empty for root. */
  readonly user: string;
  /** Absolute paths that get an anonymous volume. */
  readonly volumes: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Name or number, or empty for SIGTERM. */
  readonly stopSignal: string;
  /** `80/tcp`. */
  readonly exposedPorts: readonly string[];
}

/** `sha256:` and the 64 hexadecimal digits of the image's configuration; `host` is the built-in image. */
export type ImageId = `sha256:${string}` | 'host';

/** A directory of an image that is hidden unless the container mounts it. */
export interface HiddenDirectory {
  /** Absolute path. */
  readonly target: string;
  /** Permissions, at most 0o7777: an empty `/root` stays closed to other users. */
  readonly mode: number;
}

/** The host's root file system as several unions. */
export interface HostParts {
  /** Directory of the layer below the root: links, and empty directories. */
  readonly root: string;
  /** Directories of the host with a union of their own, and their modes. */
  readonly targets: readonly { readonly target: string; readonly mode: number }[];
  /** Directories that hold parts, and have no union. */
  readonly holders: readonly { readonly target: string; readonly mode: number }[];
  /** Directories of the host that are bound read-only, because files that are mounted below them rule a union out. */
  readonly bound: readonly string[];
}

/** An image whose layers are unpacked. */
export interface ResolvedImage {
  readonly id: ImageId;
  /** Requested name in familiar form: `debian:trixie`; the ID if the image was requested by ID. */
  readonly reference: string;
  readonly config: ImageConfig;
  /**
   * Absolute lower directories of the overlay, uppermost first. The last one holds the default mount points, so that
   * they never appear in a read-write layer.
   */
  readonly layers: readonly string[];
  /** Diff IDs, lowest layer first. */
  readonly diffIds: readonly string[];
  /** Chain ID of the uppermost layer; null if there is no layer. */
  readonly chainId: string | null;
  /** Changes when the image is removed and loaded again: its layers then are other directories. */
  readonly generation: number;
  /** Directories to cover with an empty tmpfs of the same mode, unless requested; only for the image `host`. */
  readonly hidden: readonly HiddenDirectory[];
  /** Unions instead of one over `layers`; only for the image `host` of a caller in a user namespace. */
  readonly parts?: HostParts | undefined;
  /** Files to mask, unless the container mounts something there; only for the image `host`. */
  readonly masked?: readonly string[] | undefined;
}

/** A resolved image, with the checks that precede changes using it. */
export interface CheckedImage {
  readonly value: ResolvedImage;
  /** The lock of `hold`, and checks that the name still leads to this image. */
  readonly checks: readonly Change[];
  /** True if the name leads to the same image as long as the checks hold. */
  readonly repeatable: boolean;
}

/** A history entry of the OCI image configuration. */
export interface ImageHistory {
  readonly created: string | null;
  readonly createdBy: string;
  readonly author: string;
  readonly comment: string;
  readonly emptyLayer: boolean;
}

/** Row of `images`. */
export interface ImageSummary {
  readonly id: ImageId;
  /** Names in familiar form; empty for an image without a name. */
  readonly references: readonly string[];
  /** RFC 3339, from the image's configuration; null if it has none. */
  readonly created: string | null;
  /** Size of all uncompressed layers in bytes. */
  readonly size: number;
  /** Bytes in the store: the archives of the layers, and those layers that are unpacked. */
  readonly diskUsage: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** An image or name whose record is damaged. Other objects are not affected. */
export interface DamagedImage {
  readonly path: string;
  readonly error: RequestError;
}

export interface ImageList {
  readonly images: readonly ImageSummary[];
  readonly damaged: readonly DamagedImage[];
}

/** Facts for `inspect`. */
export interface ImageDetails extends ImageSummary {
  readonly manifestDigest: string;
  readonly architecture: string;
  readonly os: string;
  readonly author: string;
  readonly comment: string;
  readonly config: ImageConfig;
  readonly diffIds: readonly string[];
  readonly layers: readonly { readonly digest: string; readonly size: number; readonly diffId: string }[];
  readonly history: readonly ImageHistory[];
}

export interface ImportOptions {
  /** Descriptor of a tar archive, plain, gzip or zstd (pipes work). Stays open. */
  readonly source: number;
  /** Name of the new image; default: no name. */
  readonly reference?: string | undefined;
  /** Dockerfile instructions, one each: `CMD ["sh"]`. */
  readonly changes?: readonly string[] | undefined;
  readonly message?: string | undefined;
  readonly author?: string | undefined;
  /** `created` of the image in Unix seconds; default: now. */
  readonly created?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CommitOptions {
  /** Absolute path of the read-write layer's `diff` directory. It must not change during the commit. */
  readonly upper: string;
  /** Marks of the overlay that wrote it. */
  readonly marks: Marks;
  readonly base: ResolvedImage;
  readonly reference?: string | undefined;
  /** Configuration of the container, as far as it differs from the image's. */
  readonly config?: Partial<ImageConfig> | undefined;
  /** Dockerfile instructions, applied last. */
  readonly changes?: readonly string[] | undefined;
  readonly author?: string | undefined;
  readonly message?: string | undefined;
  /** Command of the container, for the history. */
  readonly createdBy?: string | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type SaveFormat = 'docker-archive' | 'oci-archive';

export interface SaveOptions {
  /** Names or IDs; an image given by ID is saved without a name. */
  readonly images: readonly string[];
  readonly format?: SaveFormat | undefined;
  /** Descriptor to write the archive to. Stays open. */
  readonly output: number;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LoadOptions {
  /** Descriptor of a docker-archive or an OCI archive, compressed or not (pipes work). Stays open. */
  readonly source: number;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An image that `load` added. */
export interface LoadedImage {
  readonly id: ImageId;
  /** Names in familiar form; empty if the archive has none. */
  readonly references: readonly string[];
  /** Names taken from another image, which keeps its ID. */
  readonly moved: readonly { readonly reference: string; readonly from: ImageId }[];
}

export interface RemoveOptions extends Abortable {
  /** Also remove an image with several names; remove the names of an image that containers use. */
  readonly force?: boolean | undefined;
  /** Names of the containers that use an image. */
  readonly usedBy: (id: ImageId) => Promise<readonly string[]>;
}

/** Output of `rmi`. */
export interface RemovedImage {
  readonly untagged: readonly string[];
  /** Removed IDs and chain IDs. */
  readonly deleted: readonly string[];
}

/** Options of a call that may wait. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** A lock that keeps all images from being removed until it is released. */
export interface ImageHold extends AsyncDisposable {
  release(): Promise<void>;
}

/** The images of a store. Every method throws `RequestError` for errors that the caller can fix. */
export interface ImageStore {
  /**
   * Takes a shared lock that keeps records from changing. A process that waits to change them gets it first. The holder
   * must call no other
   * function of the store: those that change records wait for the lock, and `resolve` waits for those.
   */
  hold(options?: Abortable): Promise<ImageHold>;
  /** Resolves an image by name, ID or unique prefix of an ID. Throws ORLOP_E_NO_IMAGE, ORLOP_E_ABORTED. */
  resolve(nameOrId: string, options?: Abortable): Promise<CheckedImage>;
  list(): Promise<ImageList>;
  inspect(nameOrId: string): Promise<ImageDetails>;
  import(options: ImportOptions): Promise<ImageId>;
  commit(options: CommitOptions): Promise<ImageId>;
  tag(nameOrId: string, reference: string, options?: Abortable): Promise<void>;
  remove(nameOrId: string, options: RemoveOptions): Promise<RemovedImage>;
  save(options: SaveOptions): Promise<void>;
  load(options: LoadOptions): Promise<readonly LoadedImage[]>;
}

/** User of a container's application. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, ascending, without duplicates. */
  readonly groups: readonly number[];
  /** Home directory; `/` if the image has none. */
  readonly home: string;
}
