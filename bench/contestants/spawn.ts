import { commandContestant } from './command.ts';
import type { CommandContestant } from './contestant.ts';

/** No container at all: what Node itself needs to start a small static program. */
export const spawnFirst: CommandContestant = commandContestant({
  id: 'spawn-first',
  label: 'child_process.spawn of the same program, no container',
  share: 1,
  peer: false,
  supports: () => true,
  missing: () => null,
  command: async (ground) => [ground.programs.first],
});

/** The usual yardstick. It reads no clock, so only its end is seen. */
export const spawnTrue: CommandContestant = commandContestant({
  id: 'spawn-true',
  label: "child_process.spawn('/bin/true'), no container",
  share: 1,
  peer: false,
  supports: () => true,
  missing: () => null,
  command: async () => ['/bin/true'],
});
