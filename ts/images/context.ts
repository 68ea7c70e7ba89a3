import type { Store } from '../store/store.ts';
import type { ImageRecords } from './records/records.ts';
import type { Archiver } from './transfer/archiver.ts';

/** What the parts of the image store work with. */
export interface Context {
  readonly store: Store;
  readonly archiver: Archiver;
  readonly records: ImageRecords;
}
