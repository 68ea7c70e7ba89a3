import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Ground, Place } from './ground.ts';
import { NotReady } from './not-ready.ts';

const homeIn = ({ directory }: Place) => join(directory, 'home');
/** On a tmpfs, as that of root. */
const runtimeIn = ({ memory }: Place) => join(memory, 'run');

/**
 * Command that executes the rest as an ordinary user with a range of IDs, who lives in a place, in a mount namespace of
 * its own. Pure.
 */
export function asUser(root: string, place: Place): string[] {
  return [
    ...['env', `TMPDIR=${place.directory}`],
    ...['unshare', '--mount', '--propagation', 'private'],
    ...[join(root, 'scripts/as-user'), 'range'],
    // Podman keeps one user namespace for all its commands, whose mounts are those of the first one.
    ...['env', `HOME=${homeIn(place)}`, `XDG_RUNTIME_DIR=${runtimeIn(place)}`],
  ];
}

/**
 * Makes the user the owner of its place.
 *
 * @throws NotReady when the user cannot execute what is measured
 */
export function giveToUser(ground: Place & Pick<Ground, 'prefix' | 'cli'>): void {
  mkdirSync(homeIn(ground));
  mkdirSync(runtimeIn(ground), { mode: 0o700 });
  execFileSync('chown', ['-R', ownerOf(ground), ground.directory]);
}

/** Asks whether it may read a file, and says who asks. */
const ask =
  'const fs = require("fs"); fs.accessSync(process.argv[1], fs.constants.R_OK); console.log(process.getuid() + ":" + process.getgid())';

function ownerOf({ prefix, cli }: Pick<Ground, 'prefix' | 'cli'>): string {
  const [command = '', ...rest] = [...prefix, process.execPath, '-e', ask, cli];
  try {
    return execFileSync(command, rest, { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch (error) {
    const { stderr = '' } = error as { readonly stderr?: string };
    const why = stderr.trim().split('\n').at(-1);
    throw new NotReady(
      `an ordinary user cannot execute ${process.execPath}, or not read ${cli} (${why}): both must lie where everybody may ` +
        'read',
      { cause: error },
    );
  }
}
