import type { RequestError } from '../errors/index.ts';
import type { Change } from '../native/contract.ts';

/** What an image says about how to run it: the part of the OCI image configuration that a container takes over. */
export interface ImageConfig {
  /** `NAME=value`, later ones win. */
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** Absolute, or empty for `/`. */
  readonly workingDir: string;
  /** `user[:group]` as names or numbers, or empty for root. */
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

/** A directory of an image that a container sees only if it asks for it. */
export interface HiddenDirectory {
  /** Absolute. */
  readonly target: string;
  /** Permissions, 0o7777 at most: `/root` stays closed to others when it is empty. */
  readonly mode: number;
}

/** An image that is ready to be mounted. */
export interface ResolvedImage {
  readonly id: ImageId;
  /** As asked for, in familiar form: `debian:trixie`; the ID where it was asked for by ID. */
  readonly reference: string;
  readonly config: ImageConfig;
  /**
   * Absolute directories for the union's lower side, uppermost first. The last one holds the default mount points, so
   * that they never appear in a read-write layer.
   */
  readonly layers: readonly string[];
  /** Digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly string[];
  /** Chain ID of the uppermost layer; null when there is no layer. */
  readonly chainId: string | null;
  /** Another number once the image was removed and brought again: other directories are in the places of its layers. */
  readonly generation: number;
  /** Directories to hide below an empty tmpfs of the same mode unless asked for; only the image `host` has some. */
  readonly hidden: readonly HiddenDirectory[];
}

/** An image that was resolved, with what a list of changes has to begin with that uses it. */
export interface CheckedImage {
  readonly value: ResolvedImage;
  /** The lock of `hold`, and that the image is still the one of its name. */
  readonly checks: readonly Change[];
  /** Where the checks hold, the name means the same image again. */
  readonly repeatable: boolean;
}

/** One line of history, as in the OCI image configuration. */
export interface ImageHistory {
  readonly created: string | null;
  readonly createdBy: string;
  readonly author: string;
  readonly comment: string;
  readonly emptyLayer: boolean;
}

/** What `images` shows. */
export interface ImageSummary {
  readonly id: ImageId;
  /** In familiar form; empty for an image that has no name any more. */
  readonly references: readonly string[];
  /** RFC 3339, as the image says. */
  readonly created: string | null;
  /** Bytes of all layers, uncompressed. */
  readonly size: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** A record that could not be read: the object is lost to us, the others are not. */
export interface DamagedImage {
  readonly path: string;
  readonly error: RequestError;
}

export interface ImageList {
  readonly images: readonly ImageSummary[];
  readonly damaged: readonly DamagedImage[];
}

/** What `inspect` shows. */
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
  /** Descriptor of a tar archive, plain, gzip or zstd; a pipe will do. Stays open. */
  readonly source: number;
  /** Name of the new image; none leaves it without a name. */
  readonly reference?: string | undefined;
  /** Instructions of a Dockerfile, one each: `CMD ["sh"]`. */
  readonly changes?: readonly string[] | undefined;
  readonly message?: string | undefined;
  readonly author?: string | undefined;
  /** Unix seconds for the image's `created`; now when absent. */
  readonly created?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CommitOptions {
  /** The read-write layer: absolute path of its `diff` directory, which nothing changes meanwhile. */
  readonly upper: string;
  readonly base: ResolvedImage;
  readonly reference?: string | undefined;
  /** What the container was started with, where it differs from the image's configuration. */
  readonly config?: Partial<ImageConfig> | undefined;
  /** Instructions of a Dockerfile, applied last. */
  readonly changes?: readonly string[] | undefined;
  readonly author?: string | undefined;
  readonly message?: string | undefined;
  /** What ran in the container, for the history. */
  readonly createdBy?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type SaveFormat = 'docker-archive' | 'oci-archive';

export interface SaveOptions {
  /** Names or IDs; an ID is saved without a name. */
  readonly images: readonly string[];
  readonly format?: SaveFormat | undefined;
  /** Descriptor that the archive is written to. Stays open. */
  readonly output: number;
  readonly signal?: AbortSignal | undefined;
}

export interface LoadOptions {
  /** Descriptor of a docker-archive or an OCI archive, compressed or not; a pipe will do. Stays open. */
  readonly source: number;
  readonly signal?: AbortSignal | undefined;
}

/** One image that `load` brought. */
export interface LoadedImage {
  readonly id: ImageId;
  /** In familiar form; empty when the archive gave it no name. */
  readonly references: readonly string[];
  /** Names that another image had before: it keeps its ID only. */
  readonly moved: readonly { readonly reference: string; readonly from: ImageId }[];
}

export interface RemoveOptions {
  /** Remove an image that has several names; take the names from one that containers use. */
  readonly force?: boolean | undefined;
  /** Names of the containers that use an image. */
  readonly usedBy: (id: ImageId) => Promise<readonly string[]>;
}

/** What `rmi` prints. */
export interface RemovedImage {
  readonly untagged: readonly string[];
  /** IDs and chain IDs that went. */
  readonly deleted: readonly string[];
}

/** A hold on all images: none is removed until it is released. */
export interface ImageHold extends AsyncDisposable {
  release(): Promise<void>;
}

/** The images of a store. Every method throws `RequestError` for what the caller can fix. */
export interface ImageStore {
  /**
   * Shared lock that keeps records from changing. A caller that holds it must not call what changes records (`import`,
   * `commit`, `tag`, `remove`, `load`): that waits until the lock is free.
   */
  hold(options?: { readonly signal?: AbortSignal | undefined }): Promise<ImageHold>;
  /** By name, ID or unique prefix of an ID. Throws ORLOP_E_NO_IMAGE, ORLOP_E_ABORTED. */
  resolve(nameOrId: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<CheckedImage>;
  list(): Promise<ImageList>;
  inspect(nameOrId: string): Promise<ImageDetails>;
  import(options: ImportOptions): Promise<ImageId>;
  commit(options: CommitOptions): Promise<ImageId>;
  tag(nameOrId: string, reference: string): Promise<void>;
  remove(nameOrId: string, options: RemoveOptions): Promise<RemovedImage>;
  save(options: SaveOptions): Promise<void>;
  load(options: LoadOptions): Promise<readonly LoadedImage[]>;
}

/** Who a container's application runs as. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, ascending, without duplicates. */
  readonly groups: readonly number[];
  /** Home directory, `/` when the image knows none. */
  readonly home: string;
}
