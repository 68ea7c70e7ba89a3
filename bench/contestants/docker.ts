import { execFileSync } from 'node:child_process';
import { commandContestant } from './command.ts';
import type { CommandContestant } from './contestant.ts';
import { engineSupports, importImage, runOptions } from './podman.ts';

const answerMs = 10_000;

/** Docker, when its daemon answers. The image stays in the daemon's store. */
export const docker: CommandContestant = commandContestant({
  id: 'docker',
  label: 'docker run --rm',
  share: 0.1,
  supports: engineSupports,
  missing() {
    try {
      execFileSync('docker', ['info'], { stdio: 'ignore', timeout: answerMs });
      return null;
    } catch {
      return 'no docker daemon answers';
    }
  },
  async command(ground, container) {
    importImage(['docker'], ground);
    return ['docker', ...runOptions(ground, container)];
  },
});
