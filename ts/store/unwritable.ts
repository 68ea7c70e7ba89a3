import { LaunchError, RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import type { Store } from './store.ts';
import { errorCode, isNoSpace } from './system-error.ts';

/**
 * Returns an error handler for writes to a store: a full or read-only file system becomes an error of the catalogue.
 * Node's error may not even name the path.
 *
 * @throws RequestError ORLOP_E_STORE for ENOSPC, EDQUOT and EROFS; any other error unchanged
 */
export function explainingUnwritable({ root, run }: Pick<Store, 'root' | 'run'>): (error: unknown) => never {
  return (error) => {
    if (error instanceof LaunchError) throw error;
    if (isNoSpace(error)) {
      throw new RequestError('ORLOP_E_STORE', `no space is left for the store '${root}': ${messageOf(error)}`, {
        hint: `remove what is not needed from the file systems of '${root}' and '${run}', or use another --root`,
        cause: error,
      });
    }
    if (errorCode(error) === 'EROFS') {
      throw new RequestError('ORLOP_E_STORE', `the store '${root}' cannot be written: ${messageOf(error)}`, {
        hint: 'mount its file system read-write, or use another --root',
        cause: error,
      });
    }
    throw error;
  };
}
