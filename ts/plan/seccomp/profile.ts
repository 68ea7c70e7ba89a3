import type { SyscallTable } from './syscalls.ts';

/** Action of the kernel on a call: a `SECCOMP_RET_*` value with its data, see seccomp(2). */
export type Action = number;

export const action = {
  killProcess: 0x8000_0000,
  killThread: 0,
  trap: 0x0003_0000,
  log: 0x7ffc_0000,
  allow: 0x7fff_0000,
  errno: (errno: number): Action => 0x0005_0000 | errno,
  trace: (data: number): Action => 0x7ff0_0000 | data,
} as const;

export type Comparison = 'NE' | 'LT' | 'LE' | 'EQ' | 'GE' | 'GT' | 'MASKED_EQ';

/** A test of one argument. Arguments are unsigned. */
export interface Condition {
  /** Index of the argument, 0 to 5. */
  readonly index: number;
  readonly op: Comparison;
  /** Value to compare with; for MASKED_EQ, the expected value of the bits in `mask`. */
  readonly value: bigint;
  readonly mask?: bigint | undefined;
  /** Number of bits that the kernel uses of the register: 32 for an `int`. */
  readonly bits: 32 | 64;
}

/** Condition of a rule: the machine's architecture in Go's names, and the capabilities of the container. */
export interface Filter {
  readonly arches?: readonly string[] | undefined;
  readonly caps?: readonly string[] | undefined;
  readonly minKernel?: readonly [major: number, minor: number] | undefined;
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: Action;
  /** Conditions that must all hold. */
  readonly conditions?: readonly Condition[] | undefined;
  /** The rule applies only if all of it holds: every capability, one of the architectures. */
  readonly includes?: Filter | undefined;
  /** The rule does not apply if any of it holds. */
  readonly excludes?: Filter | undefined;
}

export type MachineArch = 'x64' | 'arm64';

/**
 * A profile like Docker's. For a call, the rules with conditions are tried in their order, and then the first without.
 * A call without a rule gets the default action. A call newer than all that the profile names gets `ENOSYS`, so that
 * programs fall back to older calls.
 */
export interface SeccompProfile {
  readonly defaultAction: Action;
  readonly tables: Readonly<Record<MachineArch, readonly SyscallTable[]>>;
  readonly rules: readonly SeccompRule[];
}

/** Tables of each machine: its own architecture, then others whose programs it runs. */
export const allTables: SeccompProfile['tables'] = { x64: ['x86_64', 'i386', 'x32'], arm64: ['aarch64', 'arm'] };

/** Names of the capabilities on which rules of a profile depend. */
export function capabilitiesAskedBy(profile: SeccompProfile): readonly string[] {
  const asked = profile.rules.flatMap((rule) => [...(rule.includes?.caps ?? []), ...(rule.excludes?.caps ?? [])]);
  return [...new Set(asked)].sort();
}
