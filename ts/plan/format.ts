import { type OpName, type OpShape, ops } from './ops.ts';
import type { Op } from './types.ts';

/** Layout and limits of the binary form. `native/plan/format.h` has the same numbers. */
export const format = {
  magic: 0x504c_524f,
  version: 1,
  strategy: { 'in-child': 0, opener: 1 },
  noSlot: 0xffff_ffff,
  words: 11,
  headerSize: 32,
  recordSize: 48,
  maxSize: 4 << 20,
  maxOps: 4096,
  maxSlots: 2048,
} as const;

export type FieldValue = number | null | bigint | string | Uint8Array | readonly string[] | readonly number[];

/** Shape of an operation, in a type common to all. */
export function shapeOf(name: OpName): OpShape {
  return ops[name];
}

/** The fields of an operation by name, for code that walks any operation by its shape. */
export function fieldsOf(op: Op): Readonly<Record<string, FieldValue>> {
  return op as unknown as Record<string, FieldValue>;
}

let byCode: Map<number, OpName> | undefined;

/** Name of the operation with this code; undefined: none. */
export function opName(code: number): OpName | undefined {
  byCode ??= new Map(Object.entries(ops).map(([name, shape]) => [shape.code, name as OpName]));
  return byCode.get(code);
}
