import type { DeviceRule } from '../linux/device-rules.ts';

/** Instructions of eBPF, linux/bpf.h: class, operation and source in one byte. */
const code = {
  /** `dst = *(u32 *)(src + off)` */
  load: 0x61,
  /** `dst = src`, 32 bits. */
  move: 0xbc,
  /** `dst = imm` */
  set: 0xb7,
  /** `dst &= imm`, 32 bits. */
  and: 0x54,
  /** `dst >>= imm`, 32 bits. */
  shift: 0x74,
  /** Goes on `off` instructions later if `dst != imm`. */
  unlessEqual: 0x55,
  exit: 0x95,
} as const;

/** `struct bpf_cgroup_dev_ctx`: the access in the upper half of a word with the type; the numbers. */
const context = { access: 0, major: 4, minor: 8 } as const;

/** BPF_DEVCG_DEV_*, BPF_DEVCG_ACC_*. */
const types = { b: 1, c: 2 } as const;
const accesses = { m: 1, r: 2, w: 4 } as const;

/** Registers: result and scratch, argument, and what is read from it. */
const r = { result: 0, argument: 1, type: 2, access: 3, major: 4, minor: 5, scratch: 6 } as const;

interface Instruction {
  readonly code: number;
  readonly to: number;
  readonly from?: number;
  readonly offset?: number;
  readonly value?: number;
}

/**
 * The program of type BPF_PROG_TYPE_CGROUP_DEVICE that allows what one of the rules allows, and nothing else: an array
 * of `struct bpf_insn`. Pure.
 */
export function deviceProgram(rules: readonly DeviceRule[]): Uint8Array {
  const program: Instruction[] = [
    { code: code.load, to: r.type, from: r.argument, offset: context.access },
    { code: code.move, to: r.access, from: r.type },
    { code: code.and, to: r.type, value: 0xffff },
    { code: code.shift, to: r.access, value: 16 },
    { code: code.load, to: r.major, from: r.argument, offset: context.major },
    { code: code.load, to: r.minor, from: r.argument, offset: context.minor },
  ];
  for (const rule of rules) program.push(...allow(rule));
  program.push({ code: code.set, to: r.result, value: 0 }, { code: code.exit, to: 0 });
  return encode(program);
}

/** Each condition that does not hold leads to the next rule. */
function allow({ type, major, minor, access }: DeviceRule): readonly Instruction[] {
  const others = Object.entries(accesses).flatMap(([name, bit]) => (access.includes(name) ? [] : [bit]));
  const conditions: Instruction[][] = [];
  const require = (register: number, value: number, ...before: Instruction[]) =>
    conditions.push([...before, { code: code.unlessEqual, to: register, value }]);
  if (type !== 'a') require(r.type, types[type]);
  if (others.length > 0) {
    const copy = { code: code.move, to: r.scratch, from: r.access };
    const rest = { code: code.and, to: r.scratch, value: others.reduce((sum, bit) => sum | bit, 0) };
    require(r.scratch, 0, copy, rest);
  }
  if (major !== null) require(r.major, major);
  if (minor !== null) require(r.minor, minor);
  const all = [...conditions.flat(), { code: code.set, to: r.result, value: 1 }, { code: code.exit, to: 0 }];
  return all.map((one, at) => (one.code === code.unlessEqual ? { ...one, offset: all.length - at - 1 } : one));
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(({ code: operation, to, from = 0, offset = 0, value = 0 }, index) => {
    const at = index * 8;
    bytes.writeUInt8(operation, at);
    bytes.writeUInt8((from << 4) | to, at + 1);
    bytes.writeInt16LE(offset, at + 2);
    bytes.writeInt32LE(value, at + 4);
  });
  return bytes;
}
