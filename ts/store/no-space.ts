import { LaunchError, RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import type { Store } from './store.ts';
import { isNoSpace } from './system-error.ts';

/**
 * Returns an error handler for writes to a store: a full file system becomes an error of the catalogue. Node's error
 * may not even name the path.
 *
 * @throws RequestError ORLOP_E_STORE for ENOSPC and EDQUOT; any other error unchanged
 */
export function explainingNoSpace({ root, run }: Pick<Store, 'root' | 'run'>): (error: unknown) => never {
  return (error) => {
    if (!isNoSpace(error) || error instanceof LaunchError) throw error;
    throw new RequestError('ORLOP_E_STORE', `no space is left for the store '${root}': ${messageOf(error)}`, {
      hint: `remove what is not needed from the file systems of '${root}' and '${run}', or use another --root`,
      cause: error,
    });
  };
}
