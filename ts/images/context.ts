import type { Store } from '../store/store.ts';
import type { ImageRecords } from './records/records.ts';
import type { Archiver } from './transfer/archiver.ts';

/** Dependencies of the image store's functions. */
export interface Context {
  readonly store: Store;
  readonly archiver: Archiver;
  readonly records: ImageRecords;
}
