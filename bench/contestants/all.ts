import { bwrap } from './bwrap.ts';
import type { CommandContestant, Contestant } from './contestant.ts';
import { crun, crunPlain } from './crun.ts';
import { docker } from './docker.ts';
import { limit, limitWaiting, limitWhole } from './limit.ts';
import { orlopCli } from './orlop-cli.ts';
import { orlopRun, orlopRunAuto, orlopRunLimits, orlopRunUnlimited, orlopStart } from './orlop-in-process.ts';
import { orlopLaunch } from './orlop-launch.ts';
import { orlopPool } from './orlop-pool.ts';
import { podman } from './podman.ts';
import { runc } from './runc.ts';
import { spawnFirst, spawnTrue } from './spawn.ts';

/** By name, in the order in which tables show them. */
export const contestants = {
  limit,
  limitWhole,
  limitWaiting,
  orlopLaunch,
  orlopStart,
  orlopRun,
  orlopRunAuto,
  orlopRunLimits,
  orlopRunUnlimited,
  orlopPool,
  orlopCli,
  spawnFirst,
  spawnTrue,
  bwrap,
  crunPlain,
  crun,
  runc,
  podman,
  docker,
} as const satisfies Record<string, Contestant>;

export type ContestantName = keyof typeof contestants;

/** Names of those that are a command. */
export type CommandName = {
  [Name in ContestantName]: (typeof contestants)[Name] extends CommandContestant ? Name : never;
}[ContestantName];
