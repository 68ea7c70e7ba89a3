import { attribute } from '../linux/mount-attributes.ts';
import type { StoredContainer } from '../record/schema.ts';
import { optionsIn } from '../request/chosen-options.ts';
import type { MountKind } from '../request/mount-options.ts';
import type { Store } from '../store/store.ts';
import type { MountInfo } from './types.ts';

/** The options that differ from the kind's default options, joined with commas. Pure. */
export function optionsText(kind: MountKind, attributes: number): string {
  return optionsIn(kind, attributes).join();
}

function access(kind: MountKind, attributes: number): Pick<MountInfo, 'Mode' | 'RW'> {
  return { Mode: optionsText(kind, attributes), RW: (attributes & attribute.readonly) === 0 };
}

/** The mounts of a container in Docker's `inspect` format, without `--tmpfs`, as in Docker. Pure. */
export function mountsOf(store: Pick<Store, 'volumeData'>, { record }: StoredContainer): MountInfo[] {
  const volumes = record.volumes.map(
    (use): MountInfo => ({
      Type: 'volume',
      Name: use.name,
      Source: store.volumeData(use.name),
      Destination: use.target,
      Driver: 'local',
      ...access('volume', use.attributes),
      Propagation: '',
    }),
  );
  const binds = record.request.mounts.flatMap((mount): MountInfo[] =>
    mount.type === 'bind'
      ? [
          {
            Type: 'bind',
            Source: mount.source,
            Destination: mount.target,
            ...access('bind', mount.attributes),
            Propagation: mount.propagation,
          },
        ]
      : [],
  );
  return [...volumes, ...binds].sort((a, b) => (a.Destination < b.Destination ? -1 : 1));
}
