/** Kinds of an operation's fields, as in `native/plan/ops.def`. */
export type FieldKind = 'out' | 'slot' | 'u32' | 'u64' | 'string' | 'blob' | 'strings' | 'numbers';

export interface OpShape {
  readonly code: number;
  readonly fields: readonly (readonly [name: string, kind: FieldKind])[];
}

/** Operations by name, with the order of their fields in the binary form. */
export const ops = {
  propagation: {
    code: 1,
    fields: [
      ['path', 'string'],
      ['mode', 'u32'],
      ['recursive', 'u32'],
    ],
  },
  overlay: {
    code: 2,
    fields: [
      ['mount', 'out'],
      ['layers', 'strings'],
      ['upper', 'string'],
      ['work', 'string'],
      ['at', 'string'],
      ['options', 'u32'],
      ['attributes', 'u32'],
    ],
  },
  bind: {
    code: 3,
    fields: [
      ['mount', 'out'],
      ['source', 'string'],
      ['recursive', 'u32'],
      ['device', 'u64'],
      ['inode', 'u64'],
      ['type', 'u32'],
    ],
  },
  tmpfs: {
    code: 4,
    fields: [
      ['mount', 'out'],
      ['mode', 'u32'],
      ['size', 'u64'],
      ['inodes', 'u64'],
      ['uid', 'u32'],
      ['gid', 'u32'],
      ['attributes', 'u32'],
      ['at', 'string'],
    ],
  },
  proc: {
    code: 5,
    fields: [
      ['mount', 'out'],
      ['attributes', 'u32'],
    ],
  },
  sysfs: {
    code: 6,
    fields: [
      ['mount', 'out'],
      ['attributes', 'u32'],
    ],
  },
  devpts: {
    code: 7,
    fields: [
      ['mount', 'out'],
      ['attributes', 'u32'],
      ['gid', 'u32'],
      ['mode', 'u32'],
      ['ptmxMode', 'u32'],
    ],
  },
  mqueue: {
    code: 8,
    fields: [
      ['mount', 'out'],
      ['attributes', 'u32'],
    ],
  },
  cgroup: {
    code: 9,
    fields: [
      ['mount', 'out'],
      ['attributes', 'u32'],
    ],
  },
  device: {
    code: 10,
    fields: [
      ['mount', 'slot'],
      ['name', 'string'],
      ['mode', 'u32'],
      ['uid', 'u32'],
      ['gid', 'u32'],
      ['major', 'u32'],
      ['minor', 'u32'],
    ],
  },
  directory: {
    code: 11,
    fields: [
      ['mount', 'slot'],
      ['name', 'string'],
      ['mode', 'u32'],
      ['uid', 'u32'],
      ['gid', 'u32'],
      ['directory', 'out'],
    ],
  },
  symlink: {
    code: 12,
    fields: [
      ['mount', 'slot'],
      ['name', 'string'],
      ['content', 'string'],
    ],
  },
  file: {
    code: 13,
    fields: [
      ['mount', 'slot'],
      ['name', 'string'],
      ['mode', 'u32'],
      ['content', 'blob'],
      ['file', 'out'],
    ],
  },
  attributes: {
    code: 14,
    fields: [
      ['mount', 'slot'],
      ['set', 'u32'],
      ['clear', 'u32'],
      ['recursive', 'u32'],
      ['propagation', 'u32'],
    ],
  },
  idmap: {
    code: 15,
    fields: [
      ['mount', 'slot'],
      ['range', 'slot'],
    ],
  },
  root: {
    code: 20,
    fields: [
      ['mount', 'slot'],
      ['at', 'string'],
    ],
  },
  attach: {
    code: 21,
    fields: [
      ['mount', 'slot'],
      ['target', 'string'],
      ['kind', 'u32'],
      ['create', 'u32'],
    ],
  },
  mask: {
    code: 22,
    fields: [
      ['scratch', 'slot'],
      ['target', 'string'],
    ],
  },
  readonly: {
    code: 23,
    fields: [
      ['target', 'string'],
      ['recursive', 'u32'],
    ],
  },
  join: {
    code: 24,
    fields: [
      ['namespace', 'slot'],
      ['kind', 'u32'],
    ],
  },
  loopback: { code: 25, fields: [] },
  hostname: {
    code: 26,
    fields: [
      ['name', 'string'],
      ['optional', 'u32'],
    ],
  },
  sysctl: {
    code: 27,
    fields: [
      // A procfs that nothing covers yet; null: the executor makes one.
      ['proc', 'slot'],
      ['name', 'string'],
      ['value', 'string'],
    ],
  },
  pivot: { code: 28, fields: [] },
  keyring: { code: 29, fields: [['name', 'string']] },
  session: { code: 30, fields: [] },
  stdio: {
    code: 31,
    fields: [
      ['in', 'slot'],
      ['out', 'slot'],
      ['err', 'slot'],
      // Scratch mount, whose `null` replaces the host's null device; null: the descriptors are taken as they are.
      ['scratch', 'slot'],
    ],
  },
  rlimit: {
    code: 32,
    fields: [
      ['resource', 'u32'],
      ['soft', 'u64'],
      ['hard', 'u64'],
    ],
  },
  umask: { code: 33, fields: [['mask', 'u32']] },
  signals: { code: 34, fields: [] },
  chdir: {
    code: 35,
    fields: [
      ['path', 'string'],
      ['create', 'u32'],
    ],
  },
  bounding: { code: 36, fields: [['set', 'u64']] },
  ids: {
    code: 37,
    fields: [
      ['uid', 'u32'],
      ['gid', 'u32'],
      ['groups', 'numbers'],
    ],
  },
  capabilities: {
    code: 38,
    fields: [
      ['effective', 'u64'],
      ['permitted', 'u64'],
      ['inheritable', 'u64'],
      ['ambient', 'u64'],
    ],
  },
  'no-new-privileges': { code: 39, fields: [] },
  'parent-death': { code: 40, fields: [['signal', 'u32']] },
  'close-fds': { code: 41, fields: [] },
  seccomp: { code: 42, fields: [['program', 'blob']] },
  barrier: { code: 43, fields: [['gate', 'slot']] },
  exec: {
    code: 44,
    fields: [
      ['candidates', 'strings'],
      ['argv', 'strings'],
      ['env', 'strings'],
    ],
  },
  'exec-file': {
    code: 45,
    fields: [
      ['file', 'slot'],
      ['argv', 'strings'],
    ],
  },
  place: {
    code: 46,
    fields: [
      ['mount', 'slot'],
      ['at', 'string'],
    ],
  },
  'oom-score': {
    code: 47,
    fields: [
      // As of `sysctl`.
      ['proc', 'slot'],
      ['value', 'string'],
    ],
  },
  apparmor: {
    code: 48,
    fields: [
      // As of `sysctl`.
      ['proc', 'slot'],
      ['profile', 'string'],
    ],
  },
  fork: { code: 49, fields: [] },
} as const satisfies Record<string, OpShape>;

export type OpName = keyof typeof ops;
