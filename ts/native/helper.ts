import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RequestError } from '../errors/index.ts';
import { packageRoot } from './binding.ts';

/**
 * The file of orlop-init: `ORLOP_INIT` and no other, or the one beside the addon.
 *
 * @throws RequestError (ORLOP_E_NATIVE) that names all that was tried.
 */
export function helperExecutable(override = process.env.ORLOP_INIT): string {
  const root = packageRoot();
  const candidates =
    override === undefined || override === ''
      ? [
          join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'orlop-init'),
          join(root, 'build', 'Release', 'orlop-init'),
        ]
      : [override];
  const found = candidates.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new RequestError('ORLOP_E_NATIVE', `orlop-init was not found; tried ${candidates.join(', ')}`, {
    hint: `build it with 'npm run build:native', or name one with ORLOP_INIT`,
  });
}
