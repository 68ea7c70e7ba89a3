import {
  type Action,
  action,
  type Condition,
  type Filter,
  type MachineArch,
  type SeccompProfile,
  type SeccompRule,
} from './profile.ts';
import { auditArch, multiplexed, type SyscallTable, specialNumbers, syscallsOf } from './syscalls.ts';

/** Machine and container that a filter is made for. */
export interface FilterTarget {
  readonly arch: MachineArch;
  /** Names of the capabilities in the container's bounding set. */
  readonly capabilities: readonly string[];
  /** Version of the kernel, for rules with `minKernel`; absent: they all hold. */
  readonly kernel?: readonly [major: number, minor: number] | undefined;
}

/** Decision about one call: the action of the first test that holds, or `otherwise`. */
export interface Decision {
  readonly tests: readonly { readonly conditions: readonly Condition[]; readonly action: Action }[];
  readonly otherwise: Action;
}

/** Numbers from `from` up to the next range, which share a decision. */
export interface Range {
  readonly from: number;
  readonly decision: Decision;
}

/** All numbers of one architecture, as ascending ranges that begin with 0. */
export interface ArchDecisions {
  readonly audit: number;
  readonly ranges: readonly Range[];
}

const goArch: Readonly<Record<MachineArch, string>> = { x64: 'amd64', arm64: 'arm64' };
const x32Bit = 0x4000_0000;
const ENOSYS = 38;

/** Decides for every architecture of the profile and every number; the machine's own architecture comes first. */
export function decide(profile: SeccompProfile, target: FilterTarget): ArchDecisions[] {
  const rules = profile.rules.filter((rule) => applies(rule, target));
  const tables = profile.tables[target.arch];
  return [...new Set(tables.map((table) => auditArch[table]))].map((audit) => {
    const together = tables.filter((table) => auditArch[table] === audit);
    const points = new Map(together.flatMap((table) => [...decisionsOf(table, rules, profile.defaultAction)]));
    return { audit, ranges: joinRanges(baseRanges(profile, audit, together), points) };
  });
}

function applies({ includes, excludes }: SeccompRule, target: FilterTarget): boolean {
  const arch = goArch[target.arch];
  if (includes?.arches?.length && !includes.arches.includes(arch)) return false;
  if (includes?.caps && !includes.caps.every((name) => target.capabilities.includes(name))) return false;
  if (includes?.minKernel && !isReached(includes, target)) return false;
  if (excludes?.arches?.includes(arch)) return false;
  if (excludes?.caps?.some((name) => target.capabilities.includes(name))) return false;
  return !(excludes?.minKernel && isReached(excludes, target));
}

function isReached({ minKernel }: Filter, { kernel }: FilterTarget): boolean {
  if (minKernel === undefined || kernel === undefined) return true;
  return kernel[0] > minKernel[0] || (kernel[0] === minKernel[0] && kernel[1] >= minKernel[1]);
}

function decisionsOf(table: SyscallTable, rules: readonly SeccompRule[], fallback: Action): Map<number, Decision> {
  const numbers = syscallsOf(table);
  const byNumber = new Map<number, SeccompRule[]>();
  const add = (name: string, rule: SeccompRule): void => {
    const number = numbers.get(name);
    if (number === undefined) return;
    const list = byNumber.get(number);
    if (list === undefined) byNumber.set(number, [rule]);
    else list.push(rule);
  };
  for (const rule of rules) {
    for (const name of rule.names) {
      add(name, rule);
      const through = table === 'i386' && !rule.conditions?.length ? multiplexed[name] : undefined;
      if (through !== undefined) add(through[0], { ...rule, conditions: [callIs(through[1])] });
    }
  }
  return new Map([...byNumber].map(([number, list]) => [number, toDecision(list, fallback)]));
}

function callIs(number: number): Condition {
  return { index: 0, op: 'EQ', value: BigInt(number), bits: 32 };
}

function toDecision(rules: readonly SeccompRule[], fallback: Action): Decision {
  const otherwise = rules.find(({ conditions }) => !conditions?.length)?.action ?? fallback;
  const tests = rules.flatMap(({ conditions, action }) => (conditions?.length ? [{ conditions, action }] : []));
  while (tests.at(-1)?.action === otherwise) tests.pop();
  return { tests, otherwise };
}

/** Decisions without a rule: the default up to the newest call that the profile names, and ENOSYS behind it. */
function baseRanges(profile: SeccompProfile, audit: number, tables: readonly SyscallTable[]): Range[] {
  const fallback: Decision = { tests: [], otherwise: profile.defaultAction };
  const newer: Decision = isLenient(profile.defaultAction) ? fallback : { tests: [], otherwise: action.errno(ENOSYS) };
  const ranges = tables.flatMap((table): Range[] => {
    const start = table === 'x32' ? x32Bit : 0;
    const special = specialNumbers[table];
    const known = [
      { from: start, decision: fallback },
      { from: newestOf(profile, table, special) + 1, decision: newer },
    ];
    if (special === undefined) return known;
    return [...known, { from: special[0], decision: fallback }, { from: special[1] + 1, decision: newer }];
  });
  // Numbers with the bit of x32 belong to another table. If the profile does not have that, they kill the process.
  if (audit === auditArch.x86_64 && !tables.includes('x32')) {
    ranges.push({ from: x32Bit, decision: { tests: [], otherwise: action.killProcess } });
    // -1 has the bit of x32 too, but is no call of any table.
    ranges.push({ from: 0xffff_ffff, decision: newer });
  }
  return ranges.sort((a, b) => a.from - b.from);
}

/** True for actions that allow an unknown call. */
function isLenient(value: Action): boolean {
  return value === action.allow || value === action.log || (value & 0x7fff_0000) === action.trace(0);
}

function newestOf(
  profile: SeccompProfile,
  table: SyscallTable,
  special: readonly [number, number] | undefined,
): number {
  const numbers = syscallsOf(table);
  let newest = table === 'x32' ? x32Bit - 1 : -1;
  for (const { names } of profile.rules) {
    for (const name of names) {
      const number = numbers.get(name);
      if (number === undefined || number <= newest) continue;
      if (special === undefined || number < special[0] || number > special[1]) newest = number;
    }
  }
  return newest;
}

/** Puts decisions about single numbers over the base, and joins neighbours with equal decisions. */
function joinRanges(base: readonly Range[], points: ReadonlyMap<number, Decision>): Range[] {
  const baseAt = (number: number): Decision => base.findLast(({ from }) => from <= number)?.decision ?? impossible();
  const starts = new Set(base.map(({ from }) => from));
  for (const number of points.keys()) starts.add(number).add(number + 1);
  const ranges: Range[] = [];
  let last = '';
  for (const from of [...starts].sort((a, b) => a - b)) {
    const decision = points.get(from) ?? baseAt(from);
    const key = keyOf(decision);
    if (key !== last) ranges.push({ from, decision });
    last = key;
  }
  return ranges;
}

function impossible(): never {
  throw new RangeError('ranges begin with 0');
}

/** Key of a decision, the same for equal ones. */
export function keyOf({ tests, otherwise }: Decision): string {
  if (tests.length === 0) return String(otherwise);
  return JSON.stringify([tests, otherwise], (_, value) => (typeof value === 'bigint' ? value.toString() : value));
}
