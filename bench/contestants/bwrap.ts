import { layersOf } from '../ground/ground.ts';
import { commandContestant, missingProgram } from './command.ts';
import { application, type CommandContestant, targets } from './contestant.ts';

/** bubblewrap. Its throw-away read-write layer is always on a tmpfs; it knows no masks and no filter of its own. */
export const bwrap: CommandContestant = commandContestant({
  id: 'bwrap',
  label: 'bwrap',
  share: 1,
  supports: () => true,
  missing: () => missingProgram('bwrap', 'bubblewrap'),
  command: async (ground, container) => [
    'bwrap',
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts'],
    ...(container.network ? ['--unshare-net'] : []),
    // Lowest first.
    ...layersOf(ground, container)
      .toReversed()
      .flatMap((layer) => ['--overlay-src', layer]),
    ...['--tmp-overlay', '/'],
    ...targets(container).flatMap((target) => ['--bind', ground.source, target]),
    ...['--proc', '/proc', '--dev', '/dev', application],
  ],
});
