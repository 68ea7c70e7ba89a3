import { namespaceFlag } from './constants.ts';
import { type FieldValue, format, opName, shapeOf } from './format.ts';
import type { FieldKind } from './ops.ts';
import type { Namespace, Op, Strategy } from './types.ts';

/** The part of a plan that the binary form holds: reasons and names of supplied slots are left out. */
export interface DecodedPlan {
  readonly strategy: Strategy;
  readonly namespaces: readonly Namespace[];
  readonly supplied: number;
  readonly slots: number;
  readonly prepare: readonly Op[];
  readonly enter: readonly Op[];
}

/**
 * Reads the binary form of a plan, for people. The executor has its own reader.
 *
 * @throws RangeError when the bytes are not a plan
 */
export function decodePlan(bytes: Uint8Array): DecodedPlan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== format.magic) throw new RangeError('not a plan');
  if (view.getUint16(4, true) !== format.version) throw new RangeError('a plan of another version');
  if (view.getUint32(8, true) !== bytes.length) throw new RangeError('a plan that was cut off');
  const prepare = view.getUint32(12, true);
  const enter = view.getUint32(16, true);
  const flags = view.getUint32(28, true);
  const records = Array.from({ length: prepare + enter }, (_, index) =>
    readRecord(bytes, view, format.headerSize + index * format.recordSize),
  );
  return {
    strategy: view.getUint16(6, true) === format.strategy.opener ? 'opener' : 'in-child',
    namespaces: (Object.keys(namespaceFlag) as Namespace[]).filter((name) => (flags & namespaceFlag[name]) !== 0),
    slots: view.getUint32(20, true),
    supplied: view.getUint32(24, true),
    prepare: records.slice(0, prepare),
    enter: records.slice(prepare),
  };
}

function readRecord(bytes: Uint8Array, view: DataView, at: number): Op {
  const code = view.getUint16(at, true);
  const name = opName(code);
  if (name === undefined) throw new RangeError(`no operation has the code ${code}`);
  const op: Record<string, FieldValue> = { op: name, reason: '' };
  let word = at + 4;
  for (const [field, kind] of shapeOf(name).fields) {
    const [value, words] = readField(bytes, view, word, kind);
    op[field] = value;
    word += words * 4;
  }
  return op as unknown as Op;
}

function readField(bytes: Uint8Array, view: DataView, at: number, kind: FieldKind): [FieldValue, number] {
  const first = view.getUint32(at, true);
  switch (kind) {
    case 'out':
    case 'slot':
      return [first === format.noSlot ? null : first, 1];
    case 'u32':
      return [first, 1];
    case 'u64':
      return [view.getBigUint64(at, true), 2];
    case 'string':
      return [first === 0 ? '' : readString(bytes, first), 1];
    case 'blob':
      return [bytes.slice(first, first + view.getUint32(at + 4, true)), 2];
    case 'strings':
      return [readNumbers(view, first, view.getUint32(at + 4, true)).map((offset) => readString(bytes, offset)), 2];
    case 'numbers':
      return [readNumbers(view, first, view.getUint32(at + 4, true)), 2];
  }
}

function readString(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0, at);
  if (end < 0) throw new RangeError('a string without its end');
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(at, end));
}

function readNumbers(view: DataView, at: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => view.getUint32(at + index * 4, true));
}
