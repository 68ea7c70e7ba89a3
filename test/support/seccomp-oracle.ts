import type { FilterTarget } from '../../ts/plan/seccomp/decisions.ts';
import {
  type Action,
  action,
  type Condition,
  type SeccompProfile,
  type SeccompRule,
} from '../../ts/plan/seccomp/profile.ts';
import { auditArch, multiplexed, type SyscallTable, syscallsOf } from '../../ts/plan/seccomp/syscalls.ts';
import type { Call } from './bpf.ts';

/** Evaluates a profile for a call, rule by rule, without optimizations. Tests compare the compiler with it. */
export function makeOracle(profile: SeccompProfile, target: FilterTarget): (call: Call) => Action {
  const tables = new Map(profile.tables[target.arch].map((table) => [table, readTable(profile, target, table)]));
  return (call) => {
    const table = [...tables.keys()].find((one) => auditArch[one] === call.arch && (one === 'x32') === isX32(call));
    if (table === undefined) {
      const native = tables.get('x86_64');
      const isNone = call.number === 0xffff_ffff && call.arch === auditArch.x86_64;
      return isNone && native !== undefined ? native.unknown(call.number) : action.killProcess;
    }
    const { rules, unknown } = tables.get(table) ?? readTable(profile, target, table);
    const mine = rules.filter(({ numbers }) => numbers.has(call.number));
    const conditional = mine.find(
      ({ conditions }) => conditions?.length && conditions.every((one) => holds(one, call)),
    );
    const plain = mine.find(({ conditions }) => !conditions?.length);
    if (conditional !== undefined) return conditional.action;
    if (plain !== undefined) return plain.action;
    return mine.length > 0 ? profile.defaultAction : unknown(call.number);
  };
}

interface Table {
  readonly rules: readonly (SeccompRule & { readonly numbers: ReadonlySet<number | undefined> })[];
  unknown(number: number): Action;
}

function readTable(profile: SeccompProfile, target: FilterTarget, table: SyscallTable): Table {
  const active = profile.rules.filter((rule) => isActive(rule, target)).flatMap((rule) => spread(rule, table));
  const numbersOf = (names: readonly string[]): (number | undefined)[] =>
    names.map((name) => syscallsOf(table).get(name));
  const isSpecial = (one: number): boolean =>
    (table === 'x32' && one >= 0x4000_0200 && one <= 0x4000_0223) || (table === 'arm' && one >> 16 === 0xf);
  const named = profile.rules.flatMap(({ names }) => numbersOf(names).map((one) => one ?? -1));
  const newest = Math.max(table === 'x32' ? 0x3fff_ffff : -1, ...named.filter((one) => !isSpecial(one)));
  const lenient = profile.defaultAction >= action.trace(0) && profile.defaultAction <= action.allow;
  return {
    rules: active.map((rule) => ({ ...rule, numbers: new Set(numbersOf(rule.names)) })),
    unknown: (number) => (lenient || number <= newest || isSpecial(number) ? profile.defaultAction : action.errno(38)),
  };
}

function isX32({ arch, number }: Call): boolean {
  return arch === auditArch.x86_64 && number >= 0x4000_0000;
}

function isActive({ includes, excludes }: SeccompRule, { arch, capabilities }: FilterTarget): boolean {
  const name = arch === 'x64' ? 'amd64' : 'arm64';
  const fits = !includes?.arches || includes.arches.includes(name);
  const able = (includes?.caps ?? []).every((one) => capabilities.includes(one));
  const barred = excludes?.arches?.includes(name) || excludes?.caps?.some((one) => capabilities.includes(one));
  return fits && able && !barred;
}

/** On i386, a rule for `bind` is also one for `socketcall(2, …)`. */
function spread(rule: SeccompRule, table: SyscallTable): SeccompRule[] {
  if (table !== 'i386' || rule.conditions?.length) return [rule];
  const more = rule.names.flatMap((name): SeccompRule[] => {
    const through = multiplexed[name];
    if (through === undefined) return [];
    const value = BigInt(through[1]);
    return [{ ...rule, names: [through[0]], conditions: [{ index: 0, op: 'EQ', value, bits: 32 }] }];
  });
  return [rule, ...more];
}

function holds({ index, op, value, mask, bits }: Condition, call: Call): boolean {
  const width = (1n << BigInt(bits)) - 1n;
  const argument = (call.args[index] ?? 0n) & width;
  const expected = value & width;
  switch (op) {
    case 'EQ':
      return argument === expected;
    case 'NE':
      return argument !== expected;
    case 'LT':
      return argument < expected;
    case 'LE':
      return argument <= expected;
    case 'GT':
      return argument > expected;
    case 'GE':
      return argument >= expected;
    case 'MASKED_EQ':
      return (argument & (mask ?? 0n)) === expected;
  }
}
