import { readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { bootId, isAlive } from '../linux/proc.ts';
import { makerOf } from './names.ts';
import { removeNested } from './nested.ts';
import type { Branch } from './place.ts';

/** Removes the empty cgroups of programs that are gone. The kernel refuses one that has processes. */
export async function sweep(branches: readonly Branch[]): Promise<void> {
  const boot = await bootId();
  for (const { parent } of branches) {
    for (const name of namesIn(parent)) {
      const maker = makerOf(name);
      if (maker === null || (await isAlive({ ...maker, boot }))) continue;
      const directory = join(parent, name);
      if (isRemoved(directory)) continue;
      await removeNested(directory);
      isRemoved(directory);
    }
  }
}

/** False if it is in use, or another program was faster. */
function isRemoved(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
