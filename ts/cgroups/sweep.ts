import { readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { bootId, isAlive } from '../linux/proc.ts';
import { makerOf } from './names.ts';
import type { Branch } from './place.ts';

/** Removes the empty cgroups of programs that are gone. The kernel refuses one that has processes. */
export async function sweep(branches: readonly Branch[]): Promise<void> {
  const boot = await bootId();
  for (const { parent } of branches) {
    for (const name of namesIn(parent)) {
      const maker = makerOf(name);
      if (maker === null || (await isAlive({ ...maker, boot }))) continue;
      try {
        rmdirSync(join(parent, name));
      } catch {
        // In use, or another program was faster.
      }
    }
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
