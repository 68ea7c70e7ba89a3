export type { Limit, Usage } from '../errors/index.ts';
export type * from '../trace/types.ts';
export type * from './types/containers.ts';
export type * from './types/images.ts';
export type * from './types/listing.ts';
export type * from './types/pools.ts';
export type * from './types/runtime.ts';
export type * from './types/starts.ts';
export type * from './types/volumes.ts';
