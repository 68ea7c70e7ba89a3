import type { StoredContainer } from '../containers/record.ts';
import type { Store } from '../store/store.ts';
import type { MountInfo } from './types.ts';

/** The mounts of a container as Docker's inspect shows them; `--tmpfs` is not among them, as in Docker. Pure. */
export function mountsOf(store: Pick<Store, 'volumeData'>, { record }: StoredContainer): MountInfo[] {
  const volumes = record.volumes.map(
    (use): MountInfo => ({
      Type: 'volume',
      Name: use.name,
      Source: store.volumeData(use.name),
      Destination: use.target,
      Driver: 'local',
      Mode: use.readonly ? 'ro' : '',
      RW: !use.readonly,
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
            Mode: mount.readonly ? 'ro' : '',
            RW: !mount.readonly,
            Propagation: mount.propagation,
          },
        ]
      : [],
  );
  return [...volumes, ...binds].sort((a, b) => (a.Destination < b.Destination ? -1 : 1));
}
