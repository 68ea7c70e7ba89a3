import { constants } from 'node:buffer';
import { RequestError } from '../errors/index.ts';
import type * as t from './types.ts';

/** What a run makes of its outputs. */
export interface OutputForm {
  readonly encoding: 'utf8' | 'buffer';
  readonly lines: boolean;
  /** Both outputs are wanted as one, too. */
  readonly all: boolean;
  /** Functions that get the parts, by the index of the output. */
  readonly listeners: readonly [Listener | undefined, Listener | undefined];
  /** The most bytes to collect of each output. */
  readonly maxBytes: number;
}

/** Gets texts, lines or bytes, as the form says. A promise that it returns is waited for. */
export type Listener = (part: never) => unknown;

/** The outputs of a run in the form that was asked for. */
export interface MadeOutputs {
  readonly stdout: t.RunOutput;
  readonly stderr: t.RunOutput;
  /** Only where it was asked for. */
  readonly all?: t.RunOutput;
}

const defaultMaxBuffer = 16 << 20;

type Options = Partial<Record<'encoding' | 'lines' | 'all' | 'maxBuffer' | 'onStdout' | 'onStderr', unknown>>;

/** @throws RequestError ORLOP_E_INPUT */
export function outputForm({
  encoding = 'utf8',
  lines = false,
  all = false,
  maxBuffer = defaultMaxBuffer,
  onStdout,
  onStderr,
}: Options): OutputForm {
  if (encoding !== 'utf8' && encoding !== 'buffer') {
    throw new RequestError('ORLOP_E_INPUT', `the encoding is '${encoding}', expected 'utf8' or 'buffer'`, {
      hint: "take 'buffer', and decode it: new TextDecoder(…)",
    });
  }
  requireBoolean('lines', lines);
  requireBoolean('all', all);
  if (lines && encoding === 'buffer') {
    throw new RequestError('ORLOP_E_INPUT', `lines are texts, and the encoding is 'buffer'`, {
      hint: 'leave out one of the two',
    });
  }
  if (!(typeof maxBuffer === 'number' && maxBuffer >= 0)) {
    throw new RequestError('ORLOP_E_INPUT', `maxBuffer is '${maxBuffer}', expected a number of bytes`);
  }
  const listeners = [listener('onStdout', onStdout), listener('onStderr', onStderr)] as const;
  const largest = encoding === 'utf8' ? constants.MAX_STRING_LENGTH : constants.MAX_LENGTH;
  // Both together must fit too.
  const maxBytes = Math.min(maxBuffer, all ? Math.floor(largest / 2) : largest);
  return { encoding, lines, all, listeners, maxBytes };
}

/** @throws RequestError ORLOP_E_INPUT */
export function requireBoolean(name: string, value: unknown): asserts value is boolean {
  if (typeof value === 'boolean') return;
  throw new RequestError('ORLOP_E_INPUT', `${name} is '${value}', expected true or false`);
}

function listener(name: string, value: unknown): Listener | undefined {
  if (value === undefined || typeof value === 'function') return value as Listener | undefined;
  throw new RequestError('ORLOP_E_INPUT', `${name} is '${value}', expected a function`);
}

/** True if the outputs have to be followed while they are written, for which JavaScript reads them. */
export function isFollowed({ all, listeners: [onStdout, onStderr] }: OutputForm): boolean {
  return all || onStdout !== undefined || onStderr !== undefined;
}

/** The outputs of a run that wrote nothing. Takes options that were not checked. */
export function noOutputs({ encoding, lines, all }: Options): MadeOutputs {
  const none = () => (encoding === 'buffer' ? Buffer.alloc(0) : lines === true ? [] : '');
  return { stdout: none(), stderr: none(), ...(all === true ? { all: none() } : {}) };
}

/** Makes an output of all its bytes. */
export function makeOutput(bytes: Buffer, { encoding, lines }: Pick<OutputForm, 'encoding' | 'lines'>): t.RunOutput {
  if (encoding === 'buffer') return bytes;
  const text = bytes.toString('utf8');
  if (!lines) return text;
  const splitter = new LineSplitter();
  return [...splitter.add(text), ...splitter.end()];
}

/** Cuts a text that comes in parts into lines, without their newlines: LF, or CR and LF. */
export class LineSplitter {
  /** Begin of a line whose end has not come yet. */
  #begun = '';

  /** The lines that end in this part. */
  add(text: string): string[] {
    const lines = text.split('\n');
    const begun = lines.pop() ?? '';
    if (lines.length === 0) {
      this.#begun += begun;
      return lines;
    }
    lines[0] = this.#begun + lines[0];
    this.#begun = begun;
    return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  /** A last line without a newline, if there is one. */
  end(): string[] {
    const rest = this.#begun;
    this.#begun = '';
    return rest === '' ? [] : [rest];
  }
}
