import { watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './temporary.ts';

/**
 * Names that `work` makes, removes or replaces in a directory, in order: the name of a file that is replaced comes once,
 * that of a file that is removed and made again comes twice.
 */
export async function nameChanges(directory: string, work: () => Promise<unknown>): Promise<string[]> {
  const last = 'last';
  const names: string[] = [];
  const watcher = watch(directory, (event, name) => {
    if (event === 'rename' && name !== null) names.push(name);
  });
  try {
    await work();
    writeFileSync(join(directory, last), '');
    await until('the change after all others', () => names.includes(last));
    return names.filter((name) => name !== last);
  } finally {
    watcher.close();
  }
}
