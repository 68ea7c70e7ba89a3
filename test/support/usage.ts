import type { Usage } from '../../ts/api/types.ts';

/** What an application used that did nothing. */
export const noUsage: Usage = {
  userMs: 0,
  systemMs: 0,
  wallMs: 0,
  maxRssBytes: null,
  ioReadBytes: 0,
  ioWriteBytes: 0,
  memoryPeakBytes: null,
  pidsPeak: null,
};
