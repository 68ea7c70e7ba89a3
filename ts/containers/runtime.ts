import type { ImageStore } from '../images/types.ts';
import type { Where } from '../launch/where.ts';
import type { Native } from '../native/contract.ts';
import type { IsolationName } from '../native/isolation-types.ts';
import type { Groups } from '../prefetch/groups.ts';
import type { Prefetch } from '../prefetch/prefetch.ts';
import type { Ranges } from '../prefetch/ranges.ts';
import type { Roots } from '../prefetch/roots.ts';
import type { ContainerStore } from '../record/container-store.ts';
import type { Store } from '../store/store.ts';
import type { Volumes } from '../volumes/volumes.ts';
import type { PreparedContainers } from './prepared-containers.ts';

/** Services that containers are made, started and removed with. */
export interface Runtime {
  readonly store: Store;
  readonly native: Native;
  /** What must hold for every container. */
  readonly floor: readonly IsolationName[];
  readonly images: ImageStore;
  readonly volumes: Volumes;
  readonly containers: ContainerStore;
  readonly prepared: PreparedContainers;
  readonly roots: Roots;
  /** Descriptors of network namespaces. */
  readonly networks: Prefetch<number>;
  /** IDs of containers with user namespaces of their own. */
  readonly ranges: Ranges;
  /** Cgroups of containers. */
  readonly groups: Groups;
  readonly where: Where;
}
