import { readFileSync } from 'node:fs';

/** Version of the package. The file is two folders up from here in the sources, the build, and the bundle alike. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return version;
}
