import { join } from 'node:path';
import type { Container, Upper } from '../contestants/contestant.ts';
import type { Programs } from './programs.ts';

/** Who starts containers: root, or an ordinary user with a range of IDs. */
export type Caller = 'root' | 'user';

/** Of each caller. */
export type Grounds = Readonly<Record<Caller, Ground>>;

/** Where a caller takes part in a run of the benchmark. Plain data: it is sent to other processes. */
export interface Ground extends Shared, Place {
  readonly caller: Caller;
  /** Command that executes the rest as the caller; empty for root. */
  readonly prefix: readonly string[];
}

/** What both callers use. */
export interface Shared {
  /** Of orlop's package.json. */
  readonly package: string;
  /** The built command line. */
  readonly cli: string;
  readonly programs: Programs;
  /** orlop's default system call filter, as the kernel takes it. */
  readonly seccomp: string;
  /** The image as a tar archive of one layer. */
  readonly archive: string;
}

/** What each caller has of its own. The places of both lie on the same file systems. */
export interface Place {
  /** Below /var/tmp; removed at the end. */
  readonly directory: string;
  /** A tmpfs. */
  readonly memory: string;
  /** The directory that all volumes show. */
  readonly source: string;
  /** Where contestants write what went wrong. */
  readonly errors: string;
  readonly stores: Readonly<Record<Upper, { readonly root: string }>>;
  /** Where contestants make read-write layers and mount points. */
  readonly scratch: Readonly<Record<Upper, string>>;
  /** Layer directories: `0` is the image's tree, the numbers above it are small layers. */
  readonly layers: Readonly<Record<Upper, string>>;
}

/** Layers of the image of a container, uppermost first. */
export function layersOf(ground: Ground, { layers, upper }: Pick<Container, 'layers' | 'upper'>): string[] {
  return Array.from({ length: layers }, (_, index) => join(ground.layers[upper], String(layers - 1 - index)));
}

/** Paths of a place. Pure. */
export function placeIn(directory: string): Place {
  const memory = join(directory, 'm');
  const both = (name: string) => ({ disk: join(directory, name), memory: join(memory, name) });
  const stores = both('o');
  return {
    directory,
    memory,
    source: join(directory, 'source'),
    errors: join(directory, 'errors'),
    stores: { disk: { root: stores.disk }, memory: { root: stores.memory } },
    scratch: both('s'),
    layers: both('l'),
  };
}
