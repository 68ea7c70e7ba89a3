import type { SyscallTable } from './syscalls.ts';

/** What the kernel does with a call: a `SECCOMP_RET_*` value with its data, see seccomp(2). */
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
  /** 0 to 5. */
  readonly index: number;
  readonly op: Comparison;
  /** For MASKED_EQ: the expected value of the bits in `mask`. */
  readonly value: bigint;
  readonly mask?: bigint | undefined;
  /** Of the register, how many bits the kernel looks at: an `int` is 32, whatever stands above it. */
  readonly bits: 32 | 64;
}

/** What a rule depends on: the machine's architecture in Go's names, and the capabilities of the container. */
export interface Filter {
  readonly arches?: readonly string[] | undefined;
  readonly caps?: readonly string[] | undefined;
  readonly minKernel?: readonly [major: number, minor: number] | undefined;
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: Action;
  /** All must hold. */
  readonly conditions?: readonly Condition[] | undefined;
  /** The rule is there only when all of it holds: every capability, one of the architectures. */
  readonly includes?: Filter | undefined;
  /** The rule is not there when any of it holds. */
  readonly excludes?: Filter | undefined;
}

export type MachineArch = 'x64' | 'arm64';

/**
 * A profile in the manner of Docker's. For one call, rules with conditions are asked in their order and then the first
 * without; a call without a rule gets the default action, and one that is newer than all that the profile names
 * `ENOSYS`, so that programs fall back to what the profile knows.
 */
export interface SeccompProfile {
  readonly defaultAction: Action;
  readonly tables: Readonly<Record<MachineArch, readonly SyscallTable[]>>;
  readonly rules: readonly SeccompRule[];
}

/** The machine's architecture first, then those whose programs it runs too. */
export const allTables: SeccompProfile['tables'] = { x64: ['x86_64', 'i386', 'x32'], arm64: ['aarch64', 'arm'] };

/** Names of the capabilities that rules of a profile depend on. */
export function capabilitiesAskedBy(profile: SeccompProfile): readonly string[] {
  const asked = profile.rules.flatMap((rule) => [...(rule.includes?.caps ?? []), ...(rule.excludes?.caps ?? [])]);
  return [...new Set(asked)].sort();
}
