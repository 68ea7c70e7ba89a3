import type { Listing, ListOptions } from './listing.ts';

/** A volume in a list. */
export interface VolumeSummary {
  /** 64 hexadecimal digits for an anonymous one. */
  readonly name: string;
  /** Directories of the host: there is no other yet. */
  readonly driver: 'local';
  /** Made for a `-v /test` without a name: it goes with its container, and with `prune`. */
  readonly anonymous: boolean;
  /** Absolute path on the host of what containers see: `…/volumes/<name>/_data`. */
  readonly mountpoint: string;
  /** Labels that it was made with. */
  readonly labels: Readonly<Record<string, string>>;
  /** When it was made. */
  readonly created: Date;
  /** IDs of the containers that use it. */
  readonly usedBy: readonly string[];
}

/** JSON in the shape of `docker volume inspect`. */
export interface VolumeInspect {
  /** 64 hexadecimal digits for an anonymous one. */
  readonly Name: string;
  /** `local`. */
  readonly Driver: string;
  /** Absolute path on the host of what containers see. */
  readonly Mountpoint: string;
  /** Labels that it was made with. */
  readonly Labels: Readonly<Record<string, string>> | null;
  /** Those of the driver: null. */
  readonly Options: Readonly<Record<string, string>> | null;
  /** This host. */
  readonly Scope: 'local';
  /** RFC 3339. */
  readonly CreatedAt: string;
  /** What Docker has besides. */
  readonly [more: string]: unknown;
}

/** The volumes of a store. */
export interface Volumes {
  /**
   * Makes a volume; null: an anonymous one. One that exists is returned as it is.
   *
   * @throws RequestError ORLOP_E_VOLUME_NAME; ORLOP_E_INPUT when it exists with other labels
   * @example
   * const { name, mountpoint } = await orlop.volumes.create('data', { labels: { keep: 'yes' } });
   * await orlop.run('host', ['sh', '-c', 'echo hi > /test/f'], { volumes: [{ source: name, target: '/test' }] });
   * console.log(mountpoint.endsWith('/volumes/data/_data')); // → true
   */
  create(
    name: string | null,
    options?: {
      /** Any strings, for filters; default none. */
      readonly labels?: Readonly<Record<string, string>> | undefined;
    },
  ): Promise<VolumeSummary>;
  /** All volumes, by name. */
  list(options?: ListOptions<VolumeSummary>): Promise<Listing<VolumeSummary>>;
  /**
   * One volume.
   *
   * @throws RequestError ORLOP_E_NO_VOLUME, ORLOP_E_DAMAGED
   */
  inspect(name: string): Promise<VolumeInspect>;
  /**
   * Removes a volume and what is in it, damaged or not.
   *
   * @throws RequestError ORLOP_E_NO_VOLUME; ORLOP_E_VOLUME_IN_USE with the names of its users
   */
  remove(name: string): Promise<void>;
  /** Removes anonymous volumes that no container uses; with `all`, named ones too. */
  prune(
    options?: ListOptions<VolumeSummary> & {
      /** Named volumes as well. */
      readonly all?: boolean | undefined;
    },
  ): Promise<{
    /** Names of those that are gone. */
    readonly removed: readonly string[];
    /** Bytes that were in them. */
    readonly reclaimed: number;
  }>;
}
