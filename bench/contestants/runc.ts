import { join } from 'node:path';
import { commandContestant, missingProgram } from './command.ts';
import type { CommandContestant } from './contestant.ts';
import { onOverlay } from './oci.ts';

export const runc: CommandContestant = commandContestant({
  id: 'runc',
  label: 'runc + overlay',
  share: 0.5,
  supports: () => true,
  missing: () => missingProgram('runc', 'runc'),
  command: async (ground, container) =>
    onOverlay(ground, container, ['runc', '--root', join(ground.directory, 'runc')]),
});
