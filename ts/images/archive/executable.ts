import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { RequestError } from '../../errors/index.ts';
import { packageRoot } from '../../native/binding.ts';

/**
 * The file of orlop-archive: `ORLOP_ARCHIVE` and no other, or the one beside the addon.
 *
 * @throws RequestError (ORLOP_E_NATIVE) that names all that was tried.
 */
export async function archiveExecutable(): Promise<string> {
  const override = process.env.ORLOP_ARCHIVE;
  const root = packageRoot();
  const candidates =
    override === undefined || override === ''
      ? [
          join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'orlop-archive'),
          join(root, 'build', 'Release', 'orlop-archive'),
        ]
      : [override];
  for (const file of candidates) {
    if (await exists(file)) return file;
  }
  throw new RequestError('ORLOP_E_NATIVE', `orlop-archive was not found; tried ${candidates.join(', ')}`, {
    hint: `build it with 'npm run build:native', or name one with ORLOP_ARCHIVE`,
  });
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
