import { RequestError } from '../../errors/index.ts';
import { BpfWriter, type Label } from './bpf.ts';
import { type Decision, decide, type FilterTarget, type Range } from './decisions.ts';
import { action, type Condition, type SeccompProfile } from './profile.ts';

/** `BPF_MAXINSNS` of the kernel. */
const maxInstructions = 4096;

/** Offsets in `struct seccomp_data`, little-endian. */
export const offset = {
  number: 0,
  arch: 4,
  low: (index: number) => 16 + 8 * index,
  high: (index: number) => 20 + 8 * index,
};

/**
 * Compiles a profile to a filter. For each architecture it has a binary search for the number of the call. A call of an
 * architecture that the profile does not name kills the process.
 *
 * @returns an array of `struct sock_filter`
 * @throws RequestError `ORLOP_E_INPUT` when the filter is larger than the kernel takes
 */
export function compileProfile(profile: SeccompProfile, target: FilterTarget): Uint8Array {
  const program = new BpfWriter();
  const arches = decide(profile, target).map(({ audit, ranges }) => ({
    audit,
    start: program.load(offset.number, writeSearch(program, ranges)),
  }));
  let label = program.ret(action.killProcess);
  for (const { audit, start } of arches.toReversed()) label = program.branch('jeq', audit, start, label);
  program.load(offset.arch, label);
  if (program.length > maxInstructions) {
    throw new RequestError(
      'ORLOP_E_INPUT',
      `the seccomp profile becomes ${program.length} instructions, the kernel takes ${maxInstructions}`,
      { hint: 'use fewer rules with conditions on arguments' },
    );
  }
  return program.finish();
}

function writeSearch(program: BpfWriter, ranges: readonly Range[]): Label {
  const middle = Math.ceil(ranges.length / 2);
  const pivot = ranges[middle];
  if (pivot === undefined) return writeDecision(program, ranges[0]?.decision ?? empty());
  const right = writeSearch(program, ranges.slice(middle));
  const left = writeSearch(program, ranges.slice(0, middle));
  return program.branch('jge', pivot.from, right, left);
}

function empty(): never {
  throw new RangeError('an architecture without numbers');
}

function writeDecision(program: BpfWriter, { tests, otherwise }: Decision): Label {
  let next = program.ret(otherwise);
  for (const { conditions, action } of tests.toReversed()) {
    let yes = program.ret(action);
    for (const condition of conditions.toReversed()) yes = writeCondition(program, condition, yes, next);
    next = yes;
  }
  return next;
}

function writeCondition(program: BpfWriter, condition: Condition, yes: Label, no: Label): Label {
  switch (condition.op) {
    case 'EQ':
    case 'MASKED_EQ':
      return writeEqual(program, condition, yes, no);
    case 'NE':
      return writeEqual(program, condition, no, yes);
    case 'GE':
      return writeGreater(program, condition, 'jge', yes, no);
    case 'GT':
      return writeGreater(program, condition, 'jgt', yes, no);
    case 'LT':
      return writeGreater(program, condition, 'jge', no, yes);
    case 'LE':
      return writeGreater(program, condition, 'jgt', no, yes);
  }
}

function writeEqual(program: BpfWriter, condition: Condition, yes: Label, no: Label): Label {
  const { index, bits, value } = condition;
  const mask = condition.op === 'MASKED_EQ' ? condition.mask : undefined;
  let label = program.branch('jeq', lowOf(value), yes, no);
  if (mask !== undefined) label = program.and(lowOf(mask), label);
  label = program.load(offset.low(index), label);
  if (bits === 32) return label;
  label = program.branch('jeq', highOf(value), label, no);
  if (mask !== undefined) label = program.and(highOf(mask), label);
  return program.load(offset.high(index), label);
}

function writeGreater(program: BpfWriter, condition: Condition, low: 'jge' | 'jgt', yes: Label, no: Label): Label {
  const { index, bits, value } = condition;
  const lower = program.load(offset.low(index), program.branch(low, lowOf(value), yes, no));
  if (bits === 32) return lower;
  const equal = program.branch('jeq', highOf(value), lower, no);
  return program.load(offset.high(index), program.branch('jgt', highOf(value), yes, equal));
}

function lowOf(value: bigint): number {
  return Number(value & 0xffff_ffffn);
}

function highOf(value: bigint): number {
  return Number((value >> 32n) & 0xffff_ffffn);
}
