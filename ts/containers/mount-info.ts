import type { BindMount } from '../request/types.ts';
import type { ContainerRecord, VolumeUse } from './record.ts';

/** A mount as `docker inspect` shows it. */
export interface MountInfo {
  readonly Type: 'volume' | 'bind';
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Driver?: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
}

/**
 * The mounts of a container by their targets. Like Docker, those of `--tmpfs` are not among them. Pure.
 *
 * @param dataOf directory of a volume on the host, by its name
 */
export function mountInfos(record: ContainerRecord, dataOf: (volume: string) => string): MountInfo[] {
  const binds = record.request.mounts.flatMap((mount) => (mount.type === 'bind' ? [bindInfo(mount)] : []));
  const volumes = record.volumes.map((use) => volumeInfo(use, dataOf(use.name)));
  return [...binds, ...volumes].sort((a, b) => (a.Destination < b.Destination ? -1 : 1));
}

function volumeInfo({ name, target, readonly }: VolumeUse, source: string): MountInfo {
  return {
    Type: 'volume',
    Name: name,
    Source: source,
    Destination: target,
    Driver: 'local',
    Mode: readonly ? 'ro' : '',
    RW: !readonly,
    Propagation: '',
  };
}

function bindInfo({ source, target, readonly, propagation }: BindMount): MountInfo {
  return {
    Type: 'bind',
    Source: source,
    Destination: target,
    Mode: readonly ? 'ro' : '',
    RW: !readonly,
    Propagation: propagation,
  };
}
