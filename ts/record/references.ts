import { RequestError } from '../errors/index.ts';
import { shortId } from '../plan/holes.ts';
import { mapBounded } from '../store/bounded.ts';
import type { Store } from '../store/store.ts';
import type { VolumeUser } from '../volumes/volumes.ts';
import { containerIds, readContainer, volumeNames } from './files.ts';

/** Volumes and images in use, as the containers' records on disk say now. There is no counter that could be wrong. */
export interface Uses {
  /** Users of a volume, by its name. */
  readonly volumes: ReadonlyMap<string, readonly VolumeUser[]>;
  /** Users of an image, by its ID. */
  readonly images: ReadonlyMap<string, readonly VolumeUser[]>;
}

/** Reads all containers' records. A damaged one tells only its volumes. */
export async function readUses(store: Store): Promise<Uses> {
  const volumes = new Map<string, VolumeUser[]>();
  const images = new Map<string, VolumeUser[]>();
  await mapBounded(await containerIds(store), async ({ id, durability }) => {
    const names = await volumeNames(store, id, durability);
    const found = await readContainer(store, id, durability).catch((error: unknown) => {
      if (error instanceof RequestError) return 'damaged' as const;
      throw error;
    });
    if (found === null) return;
    const user = { id, name: found === 'damaged' ? shortId(id) : found.record.name };
    for (const name of names) add(volumes, name, user);
    if (found !== 'damaged') add(images, found.record.image.id, user);
  });
  return { volumes, images };
}

function add(map: Map<string, VolumeUser[]>, key: string, user: VolumeUser): void {
  const users = map.get(key);
  if (users === undefined) map.set(key, [user]);
  else users.push(user);
}
