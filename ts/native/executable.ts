import { existsSync } from 'node:fs';
import { RequestError } from '../errors/index.ts';
import { ownPlace, places, remedy } from './files.ts';

/**
 * The file of an executable: `override`, the value of the environment variable, and no other, or the one beside the addon.
 *
 * @throws RequestError (ORLOP_E_NATIVE) that names all that was tried.
 */
export function findExecutable(name: 'orlop-archive' | 'orlop-init', variable: string, override?: string): string {
  const place = ownPlace();
  const candidates = override === undefined || override === '' ? places(place, name, name) : [override];
  const found = candidates.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new RequestError('ORLOP_E_NATIVE', `${name} was not found; tried ${candidates.join(', ')}`, {
    hint: remedy(place, variable, 'glibc'),
  });
}
