import { homedir } from 'node:os';
import { RequestError } from '../errors/index.ts';

/**
 * Home directory of the caller: HOME, or what the user database has.
 *
 * @throws RequestError ORLOP_E_STORE where there is none, as in a container that runs as some number
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
