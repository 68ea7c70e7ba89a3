import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ground } from '../ground/ground.ts';
import { mount } from '../ground/namespace.ts';
import { commandContestant, missingProgram } from './command.ts';
import { application, type CommandContestant, type Container, targets } from './contestant.ts';

/** Podman on a store of its own: of root, or of a user ("rootless"). */
export const podman: CommandContestant = commandContestant({
  id: 'podman',
  label: 'podman run --rm',
  share: 0.1,
  supports: engineSupports,
  missing: () => missingProgram('podman', 'podman'),
  async command(ground, container) {
    const store = join(ground.directory, 'podman');
    const base = ['podman', '--root', store, '--runroot', join(ground.directory, 'podman-run')];
    base.push('--cgroup-manager', 'cgroupfs');
    const isNew = !existsSync(store);
    if (ground.caller === 'user') {
      process.off('exit', endPause);
      process.on('exit', endPause);
    } else if (isNew) {
      hidePlaces();
    }
    if (isNew) importImage(base, ground);
    return [...base, ...runOptions(ground, container)];
  },
});

/** What Podman and its crun write outside of a given store lands in memory, and goes with the mount namespace. */
function hidePlaces(): void {
  for (const place of ['/run/libpod', '/run/crun', '/run/containers', '/var/lib/containers']) {
    mkdirSync(place, { recursive: true });
    mount('tmpfs', place);
  }
}

/** Ends the process in which rootless Podman keeps its user namespace: it would stay after the run. */
function endPause(): void {
  try {
    process.kill(Number(readFileSync(join(process.env.XDG_RUNTIME_DIR ?? '', 'libpod/tmp/pause.pid'), 'utf8')));
  } catch {
    // There is none.
  }
}

/** An engine brings its own storage, on the disk, and always makes the whole default container. */
export function engineSupports({ mounts, upper, layers }: Container): boolean {
  return mounts === 'full' && upper === 'disk' && layers === 1;
}

export function importImage([command = '', ...options]: readonly string[], ground: Ground): void {
  execFileSync(command, [...options, 'import', ground.archive, image], { stdio: 'pipe', timeout: 60_000 });
}

export function runOptions(ground: Ground, container: Container): string[] {
  const network = container.network ? 'none' : 'host';
  const volumes = targets(container).flatMap((target) => ['-v', `${ground.source}:${target}`]);
  return ['run', '--rm', '--network', network, ...volumes, image, application];
}

const image = 'orlop-bench:1';
