import type { ImageStore } from '../images/types.ts';
import type { Strategies } from '../launch/strategies.ts';
import type { Native } from '../native/contract.ts';
import type { Store } from '../store/store.ts';
import type { Volumes } from '../volumes/volumes.ts';
import type { ContainerStore } from './container-store.ts';
import type { ReadyLayers } from './ready-layers.ts';
import type { TreesAhead } from './ready-trees.ts';
import type { SpareNetworks } from './spare-networks.ts';

/** What the life of a container works with. */
export interface Runtime {
  readonly store: Store;
  readonly native: Native;
  readonly images: ImageStore;
  readonly volumes: Volumes;
  readonly containers: ContainerStore;
  readonly layers: ReadyLayers;
  readonly trees: TreesAhead;
  readonly networks: SpareNetworks;
  readonly strategies: Strategies;
}
