import { homedir } from 'node:os';
import { RequestError } from '../errors/index.ts';

/**
 * Home directory of the caller: HOME, or the entry of the user database.
 *
 * @throws RequestError ORLOP_E_STORE if there is none, as for a number without a user in a container
 */
export function homeDirectory(): string {
  try {
    return homedir();
  } catch (cause) {
    throw new RequestError('ORLOP_E_STORE', `uid ${process.geteuid?.()} has no home directory to keep a store in`, {
      hint: 'name a directory with --root or ORLOP_ROOT, or set HOME',
      cause,
    });
  }
}
