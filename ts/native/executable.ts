import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import { hasSources, ownPlace, places, quoted, remedy } from './files.ts';

/**
 * The file of an executable: `override`, the value of the environment variable, and no other, or the one beside the addon.
 *
 * @throws RequestError (ORLOP_E_NATIVE) that names all that was tried.
 */
export function findExecutable(
  name: 'orlop-archive' | 'orlop-init' | 'orlop-launcher',
  variable: string,
  override?: string,
): string {
  const place = ownPlace();
  const candidates = override === undefined || override === '' ? places(place, name, name) : [override];
  const found = candidates.find((file) => existsSync(file));
  if (found !== undefined) return requireExecutable(name, found);
  throw new RequestError('ORLOP_E_NATIVE', `${name} was not found; tried ${candidates.join(', ')}`, {
    hint: remedy(place, { variable, override, sources: hasSources(place) }),
  });
}

/** Asked here: who has it executed sees an errno, which does not say that a copy of the package has lost its modes. */
function requireExecutable(name: string, file: string): string {
  const refuse = (why: string, hint: string, cause?: unknown) =>
    new RequestError('ORLOP_E_NATIVE', `${name} cannot be executed: '${file}' ${why}`, { hint, cause });
  if (!statSync(file).isFile()) throw refuse('is no file', 'name the file itself');
  try {
    accessSync(file, constants.X_OK);
  } catch (cause) {
    const hint = `make it executable: chmod +x ${quoted(file)}; where it is already, its file system is mounted noexec`;
    throw refuse(`(${messageOf(cause)})`, hint, cause);
  }
  return file;
}
