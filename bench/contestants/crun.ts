import { join } from 'node:path';
import { commandContestant, missingProgram } from './command.ts';
import type { CommandContestant } from './contestant.ts';
import { onOverlay } from './oci.ts';

function crunContestant(id: string, label: string, options: readonly string[]): CommandContestant {
  return commandContestant({
    id,
    label,
    share: 1,
    supports: () => true,
    missing: () => missingProgram('crun', 'crun'),
    command: async (ground, container) =>
      onOverlay(ground, container, ['crun', '--root', join(ground.directory, 'crun'), ...options]),
  });
}

export const crun: CommandContestant = crunContestant('crun', 'crun + overlay', []);

/** Without a cgroup, as an ordinary user has none. */
export const crunPlain: CommandContestant = crunContestant('crun-plain', 'crun + overlay, no cgroup', [
  '--cgroup-manager=disabled',
]);
