import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../native/files.ts';

/** Version of the package. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
  return version;
}
