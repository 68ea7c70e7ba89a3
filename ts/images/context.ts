import type { Store } from '../store/store.ts';
import type { Archiver } from './archiver.ts';
import type { ImageRecords } from './records.ts';

/** What the parts of the image store work with. */
export interface Context {
  readonly store: Store;
  readonly archiver: Archiver;
  readonly records: ImageRecords;
}
