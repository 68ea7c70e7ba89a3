/** Resources of prlimit(2) by name, `asm-generic/resource.h`; equal on x86-64 and arm64. */
export const rlimits = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
} as const;

export type RlimitName = keyof typeof rlimits;

/** No limit, `RLIM_INFINITY`. */
export const unlimited = 0xffff_ffff_ffff_ffffn;
