import type { GroupUsage } from '../cgroups/reading.ts';
import type { Limit, Usage } from '../errors/index.ts';
import type { LaunchResult, ReapedExit } from '../native/contract.ts';
import type { ExitReport } from './settle-exit.ts';

const blockBytes = 512;

type Times = Pick<LaunchResult['times'], 'entered' | 'ops'>;

/** Gives what an application used, whose start took these times, with what its cgroups have counted. Pure. */
export function usageOf({ seen, usage }: ReapedExit, group: GroupUsage | null, times: Times): Usage {
  return {
    // A cgroup has counted processes too that nothing waited for.
    userMs: group?.userMs ?? usage.userMicros / 1e3,
    systemMs: group?.systemMs ?? usage.systemMicros / 1e3,
    wallMs: seen === 0 ? 0 : (seen - executedAt(times)) / 1e6,
    maxRssBytes: usage.maxResidentKilobytes === 0 ? null : usage.maxResidentKilobytes * 1024,
    ioReadBytes: usage.blocksRead * blockBytes,
    ioWriteBytes: usage.blocksWritten * blockBytes,
    memoryPeakBytes: group?.memoryPeakBytes ?? null,
    pidsPeak: group?.pidsPeak ?? null,
  };
}

/**
 * The begin of the last operation, which executes the application. The return of the clone may be later than the exit:
 * the launching thread has to be scheduled first.
 */
function executedAt({ entered, ops }: Times): number {
  return Math.max(entered, ops.at(-2) ?? 0);
}

/** What the limits of a container have done. Pure. */
export function hitLimits({ group, timeLimit }: Pick<ExitReport, 'group' | 'timeLimit'>): {
  readonly oomKilled: boolean;
  readonly limit: Limit | null;
  readonly timedOut?: true;
} {
  const oomKilled = (group?.oomKills ?? 0) > 0;
  if (timeLimit === 'wallTime') return { oomKilled, limit: timeLimit, timedOut: true };
  const counted = oomKilled ? 'memory' : (group?.refusedForks ?? 0) > 0 ? 'pids' : null;
  return { oomKilled, limit: timeLimit ?? counted };
}
