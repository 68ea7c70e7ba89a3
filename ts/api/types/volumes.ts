import type { Listing, ListOptions } from './listing.ts';

/** A volume in a list. */
export interface VolumeSummary {
  /** Name; 64 hexadecimal digits for an anonymous volume. */
  readonly name: string;
  /** The only driver: directories of the host. */
  readonly driver: 'local';
  /** True for a volume without a name (`-v /test`): removed with its container, and by `prune`. */
  readonly anonymous: boolean;
  /** Absolute path on the host of the mounted directory: `…/volumes/<name>/_data`. */
  readonly mountpoint: string;
  /** Labels given to `create`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Time of creation. */
  readonly created: Date;
  /** IDs of the containers that use the volume. */
  readonly usedBy: readonly string[];
}

/** JSON in the format of `docker volume inspect`. */
export interface VolumeInspect {
  /** Name; 64 hexadecimal digits for an anonymous volume. */
  readonly Name: string;
  /** `local`, the only driver. */
  readonly Driver: string;
  /** Absolute path on the host of the mounted directory. */
  readonly Mountpoint: string;
  /** Labels given to `create`. */
  readonly Labels: Readonly<Record<string, string>> | null;
  /** Options of the driver: always null. */
  readonly Options: Readonly<Record<string, string>> | null;
  /** The only scope: this host. */
  readonly Scope: 'local';
  /** Time of creation, RFC 3339. */
  readonly CreatedAt: string;
  /** Other fields of Docker's format. */
  readonly [more: string]: unknown;
}

/** Volumes of a store. */
export interface Volumes {
  /**
   * Creates a volume; an anonymous one if the name is null. An existing volume is returned unchanged.
   *
   * @throws RequestError ORLOP_E_VOLUME_NAME; ORLOP_E_INPUT if it exists with other labels
   * @example
   * const { name, mountpoint } = await orlop.volumes.create('data', { labels: { keep: 'yes' } });
   * await orlop.run('host', ['sh', '-c', 'echo hi > /test/f'], { volumes: [{ source: name, target: '/test' }] });
   * console.log(mountpoint.endsWith('/volumes/data/_data')); // → true
   */
  create(
    name: string | null,
    options?: {
      /** Labels for filters; default none. */
      readonly labels?: Readonly<Record<string, string>> | undefined;
    },
  ): Promise<VolumeSummary>;
  /** Lists all volumes, sorted by name. */
  list(options?: ListOptions<VolumeSummary>): Promise<Listing<VolumeSummary>>;
  /**
   * Inspects a volume.
   *
   * @throws RequestError ORLOP_E_NO_VOLUME, ORLOP_E_DAMAGED
   */
  inspect(name: string): Promise<VolumeInspect>;
  /**
   * Removes a volume and its content. Its record may be damaged.
   *
   * @throws RequestError ORLOP_E_NO_VOLUME; ORLOP_E_VOLUME_IN_USE with the names of its users
   */
  remove(name: string): Promise<void>;
  /** Removes unused anonymous volumes; with `all`, also unused named volumes. */
  prune(
    options?: ListOptions<VolumeSummary> & {
      /** Include named volumes; default false. */
      readonly all?: boolean | undefined;
    },
  ): Promise<{
    /** Names of the removed volumes. */
    readonly removed: readonly string[];
    /** Size of the removed content in bytes. */
    readonly reclaimed: number;
  }>;
}
