import type { Usage } from '../errors/index.ts';
import type { LaunchResult, ReapedExit } from '../native/contract.ts';

const blockBytes = 512;

/** Gives what an application used, whose start took these times. Pure. */
export function usageOf({ seen, usage }: ReapedExit, { returned }: Pick<LaunchResult['times'], 'returned'>): Usage {
  return {
    userMs: usage.userMicros / 1e3,
    systemMs: usage.systemMicros / 1e3,
    wallMs: Math.max(0, seen - returned) / 1e6,
    maxRssBytes: usage.maxResidentKilobytes === 0 ? null : usage.maxResidentKilobytes * 1024,
    ioReadBytes: usage.blocksRead * blockBytes,
    ioWriteBytes: usage.blocksWritten * blockBytes,
  };
}
