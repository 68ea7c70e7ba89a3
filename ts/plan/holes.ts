// A prepared start serves many containers. A text that differs between them is a hole in its plan, its paths and its
// records: a NUL and a digit. No request, path or image can hold a NUL, so nothing else looks like a hole.

/** Numbers of the holes. The addon knows only these, not the names. */
const numbers = {
  id: 0,
  shortId: 1,
  name: 2,
  created: 3,
  started: 4,
  /** Lists, as JSON without the brackets. */
  requestArgv: 5,
  requestEnv: 6,
  argv: 7,
  env: 8,
  /** First ID of the host in the container's user namespace. */
  range: 9,
} as const;

/** Name of a hole. */
export type Hole = keyof typeof numbers;

/** Texts of the holes. */
export const hole: Readonly<Record<Hole, string>> = Object.fromEntries(
  Object.entries(numbers).map(([name, number]) => [name, `\0${number}`]),
) as Record<Hole, string>;

/** Length in bytes of the values in a plan, whose binary form has room of a fixed length. */
const lengths: readonly (number | undefined)[] = [64, 12];

/** Values for the holes of a prepared start, by number. */
export type Values = readonly string[];

/** Parts of one container that differ from others of the same request. */
export interface Own {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** RFC 3339. */
  readonly created: string;
  /** RFC 3339. */
  readonly started: string;
  readonly requestArgv: readonly string[];
  readonly requestEnv: readonly object[];
  readonly argv: readonly string[];
  readonly env: readonly string[];
}

/** First twelve digits of an ID, for people, and as the default hostname. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** The values of one start. Pure. */
export function valuesOf({ id, name, created, started, requestArgv, requestEnv, argv, env }: Own): Values {
  const list = (items: readonly unknown[]) => JSON.stringify(items).slice(1, -1);
  return [id, shortId(id), name, created, started, list(requestArgv), list(requestEnv), list(argv), list(env)];
}

const mark = /\0(\d)/g;

/** Fills the holes of a text. Pure. */
export function fill(text: string, values: Values): string {
  return text.includes('\0') ? text.replace(mark, (_, digit: string) => values[Number(digit)] ?? '') : text;
}

/** Fills the holes in plain data. An array whose only element is the hole of a list becomes that list. Pure. */
export function fillAll<Value>(value: Value, values: Values): Value {
  return filled(value, values) as Value;
}

function filled(value: unknown, values: Values): unknown {
  if (typeof value === 'string') return fill(value, values);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (!Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one, values)]));
  }
  const [first] = value;
  if (value.length === 1 && isList(first)) return JSON.parse(`[${fill(first, values)}]`);
  return value.map((one) => filled(one, values));
}

function isList(text: unknown): text is string {
  return (
    typeof text === 'string' &&
    text.length === 2 &&
    text[0] === '\0' &&
    Number(text[1]) >= numbers.requestArgv &&
    Number(text[1]) <= numbers.env
  );
}

/** `JSON.stringify` that keeps holes: those of the value are holes of the text. Pure. */
export function jsonWithHoles(value: unknown): string {
  // An escaped backslash begins no escape. The quotes around the hole of a list are not part of the list.
  return JSON.stringify(value).replace(/\\\\|"\\u0000([5-8])"|\\u0000/g, (found, list?: string) => {
    if (list !== undefined) return `\0${list}`;
    return found === '\\\\' ? found : '\0';
  });
}

/** A text as it is written into a plan, with room for values. */
export interface TextWithRoom {
  readonly bytes: Uint8Array;
  /** Offset and length of the room in bytes, and number of the hole. */
  readonly holes: readonly (readonly [offset: number, length: number, number: number])[];
}

/**
 * Replaces holes by room for their values. Pure.
 *
 * @throws RangeError for a hole whose values differ in length
 */
export function withRoom(text: string): TextWithRoom {
  const holes: [number, number, number][] = [];
  let written = '';
  let done = 0;
  for (const { index, 0: found, 1: digit = '' } of text.matchAll(mark)) {
    const number = Number(digit);
    const length = lengths[number];
    if (length === undefined) throw new RangeError(`hole ${number} has no length of its own`);
    written += text.slice(done, index);
    holes.push([Buffer.byteLength(written), length, number]);
    written += '0'.repeat(length);
    done = index + found.length;
  }
  return { bytes: Buffer.from(written + text.slice(done)), holes };
}

/** Length in bytes of a text with filled holes. Pure. */
export function lengthOf(content: string | Uint8Array): number {
  return typeof content === 'string' ? withRoom(content).bytes.length : content.length;
}
