import { RequestError } from '../errors/index.ts';
import { namespaceFlag } from './constants.ts';
import { type FieldValue, fieldsOf, format, shapeOf } from './format.ts';
import { withRoom } from './holes.ts';
import type { FieldKind } from './ops.ts';
import type { Op, Plan } from './types.ts';

/** The binary form of a plan. */
export interface EncodedPlan {
  readonly bytes: Uint8Array;
  /** Holes, as three numbers each: offset in bytes, length in bytes, number of the hole. */
  readonly holes: readonly number[];
}

/**
 * Writes the binary form of a plan, see `native/plan/format.h`. A hole in a text becomes room for its value.
 *
 * @throws RequestError `ORLOP_E_INPUT` when a string holds a NUL or the plan is over the form's limits
 * @throws RangeError for a bug of the caller: a number does not fit its field, or a slot is outside the table
 */
export function encodePlan(plan: Plan): EncodedPlan {
  const records = [...plan.prepare, ...plan.enter];
  checkLimits(plan, records.length);
  const data = new DataWriter(format.headerSize + records.length * format.recordSize);
  records.forEach((op, index) => {
    writeRecord(data, format.headerSize + index * format.recordSize, op, plan.slots);
  });
  writeHeader(data, plan);
  return data.finish();
}

function checkLimits(plan: Plan, count: number): void {
  if (count > format.maxOps) {
    throw new RequestError('ORLOP_E_INPUT', `the plan has ${count} operations, the limit is ${format.maxOps}`, {
      hint: 'use fewer mounts',
    });
  }
  if (plan.slots > format.maxSlots) {
    throw new RequestError('ORLOP_E_INPUT', `the plan has ${plan.slots} descriptors, the limit is ${format.maxSlots}`, {
      hint: 'use fewer mounts',
    });
  }
  if (plan.supplied.length > plan.slots) throw new RangeError('more supplied descriptors than slots');
}

function writeHeader(data: DataWriter, plan: Plan): void {
  data.setWord(0, format.magic);
  data.setWord(4, format.version + format.strategy[plan.strategy] * 0x1_0000);
  data.setWord(8, data.size);
  data.setWord(12, plan.prepare.length);
  data.setWord(16, plan.enter.length);
  data.setWord(20, plan.slots);
  data.setWord(24, plan.supplied.length);
  data.setWord(
    28,
    plan.namespaces.reduce((flags, name) => flags | namespaceFlag[name], 0),
  );
}

function writeRecord(data: DataWriter, at: number, op: Op, slots: number): void {
  const shape = shapeOf(op.op);
  const values = fieldsOf(op);
  data.setWord(at, shape.code);
  let word = at + 4;
  // No destructuring of the array, which takes longer than the rest of the loop.
  for (const field of shape.fields) {
    const name = field[0];
    const value = values[name];
    if (value === undefined) throw new RangeError(`${op.op} lacks its field ${name}`);
    try {
      word = writeField(data, word, field[1], value, slots);
    } catch (error) {
      if (error instanceof RangeError) throw new RangeError(`${op.op}.${name}: ${error.message}`);
      throw error;
    }
  }
}

/** Returns the offset of the next field. */
function writeField(data: DataWriter, at: number, kind: FieldKind, value: FieldValue, slots: number): number {
  switch (kind) {
    case 'out':
    case 'slot':
      if (typeof value === 'number' && value >= slots) throw new RangeError(`slot ${value} is outside the table`);
      data.setWord(at, value === null ? format.noSlot : Number(value));
      return at + 4;
    case 'u32':
      data.setWord(at, Number(value));
      return at + 4;
    case 'u64':
      return writePair(data, at, splitLong(BigInt(value as bigint)));
    case 'string':
      data.setWord(at, value === '' ? 0 : data.addString(value as string));
      return at + 4;
    case 'blob':
      return writePair(data, at, data.addBlob(value as Uint8Array | string));
    case 'strings':
      return writePair(data, at, data.addNumbers((value as readonly string[]).map((text) => data.addString(text))));
    case 'numbers':
      return writePair(data, at, data.addNumbers(value as readonly number[]));
  }
}

function writePair(data: DataWriter, at: number, [first, second]: readonly [number, number]): number {
  data.setWord(at, first);
  data.setWord(at + 4, second);
  return at + 8;
}

function splitLong(value: bigint): [low: number, high: number] {
  // `setWord` refuses the high word of what does not fit.
  return [Number(value & 0xffff_ffffn), Number(value >> 32n)];
}

/** The bytes of a plan under construction: a head of fixed size, and data that grows behind it. */
class DataWriter {
  size: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  readonly #encoder = new TextEncoder();
  readonly #strings = new Map<string, number>();
  readonly #holes: number[] = [];

  constructor(headSize: number) {
    this.size = headSize;
    this.#bytes = new Uint8Array(headSize + 8192);
    this.#view = new DataView(this.#bytes.buffer);
  }

  setWord(at: number, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
      throw new RangeError(`${value} does not fit in 32 bits`);
    }
    this.#view.setUint32(at, value, true);
  }

  /** Adds a NUL-terminated text and gives its offset. Equal texts are written once. */
  addString(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const at = text.includes('\0') ? this.#addText(text, 1, 1)[0] : this.#add(this.#encoder.encode(text), 1, 1);
    this.#strings.set(text, at);
    return at;
  }

  /** Adds bytes, aligned to 8, so that an array of `struct sock_filter` can be used in place. A text may have holes. */
  addBlob(content: Uint8Array | string): readonly [offset: number, length: number] {
    if (content.length === 0) return [0, 0];
    return typeof content === 'string' ? this.#addText(content, 8, 0) : [this.#add(content, 8, 0), content.length];
  }

  #addText(text: string, alignment: number, end: number): readonly [offset: number, length: number] {
    const { bytes, holes } = withRoom(text);
    if (bytes.includes(0)) {
      throw new RequestError('ORLOP_E_INPUT', `${JSON.stringify(text)} holds a NUL`, {
        hint: 'the kernel ends a string at the first NUL: leave it out',
      });
    }
    const at = this.#add(bytes, alignment, end);
    for (const [offset, length, number] of holes) this.#holes.push(at + offset, length, number);
    return [at, bytes.length];
  }

  /** @param end number of zeros behind the bytes */
  #add(bytes: Uint8Array, alignment: number, end: number): number {
    const at = this.#reserve(bytes.length + end, alignment);
    this.#bytes.set(bytes, at);
    return at;
  }

  addNumbers(numbers: readonly number[]): [offset: number, count: number] {
    if (numbers.length === 0) return [0, 0];
    const at = this.#reserve(numbers.length * 4, 4);
    numbers.forEach((number, index) => {
      this.setWord(at + index * 4, number);
    });
    return [at, numbers.length];
  }

  finish(): EncodedPlan {
    return { bytes: this.#bytes.slice(0, this.size), holes: this.#holes };
  }

  #reserve(length: number, alignment: number): number {
    const at = Math.ceil(this.size / alignment) * alignment;
    const end = at + length;
    if (end > format.maxSize) {
      throw new RequestError('ORLOP_E_INPUT', `the plan is larger than ${format.maxSize} bytes`, {
        hint: 'use a shorter command line or a smaller environment',
      });
    }
    if (end > this.#bytes.length) this.#grow(end);
    this.size = end;
    return at;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
