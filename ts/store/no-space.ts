import { LaunchError, RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import type { Store } from './store.ts';
import { isNoSpace } from './system-error.ts';

/**
 * For what writes to a store: tells of a full file system by the catalogue's error. Node's own may not even say where.
 *
 * @throws RequestError ORLOP_E_STORE instead of ENOSPC and EDQUOT; any other error as it is
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
