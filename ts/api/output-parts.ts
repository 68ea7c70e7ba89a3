import { StringDecoder } from 'node:string_decoder';
import { LineSplitter, type Listener, type OutputForm } from './output-form.ts';
import type { RunOutput } from './types.ts';

type Part = string | Buffer;

/** An output that comes in parts. Its listener gets each of them: bytes, texts of whole characters, or lines. */
export class OutputParts {
  readonly #form: OutputForm;
  readonly #listener: Listener | undefined;
  readonly #both: Part[] | null;
  readonly #parts: Part[] = [];
  readonly #decoder: StringDecoder | null;
  readonly #splitter: LineSplitter | null;
  #room: number;

  /**
   * @param limit the most bytes to take
   * @param both gets the parts too, beside those of the other output; null: nobody wants them
   */
  constructor(
    form: OutputForm,
    index: 0 | 1,
    { limit, both }: { readonly limit: number; readonly both: Part[] | null },
  ) {
    this.#form = form;
    this.#listener = form.listeners[index];
    this.#both = both;
    this.#room = limit;
    this.#decoder = form.encoding === 'buffer' ? null : new StringDecoder('utf8');
    this.#splitter = form.lines ? new LineSplitter() : null;
  }

  /**
   * Takes what was read. False if it is more than the limit: the bytes up to there are kept.
   *
   * @throws what the listener throws
   */
  add(chunk: Buffer): boolean {
    const fits = chunk.length <= this.#room;
    const taken = fits ? chunk : chunk.subarray(0, this.#room);
    this.#room -= taken.length;
    this.#pass(this.#decoder === null ? taken : this.#decoder.write(taken));
    return fits;
  }

  /** Takes the end: what was kept back until the rest of a character or of a line comes. Throws as `add`. */
  end(): void {
    if (this.#decoder !== null) this.#pass(this.#decoder.end());
    for (const line of this.#splitter?.end() ?? []) this.#give(line);
  }

  /** What came so far. */
  get output(): RunOutput {
    return joinParts(this.#parts, this.#form);
  }

  #pass(part: Part): void {
    if (part.length === 0) return;
    const lines = typeof part === 'string' ? this.#splitter?.add(part) : undefined;
    for (const one of lines ?? [part]) this.#give(one);
  }

  #give(part: Part): void {
    this.#parts.push(part);
    this.#both?.push(part);
    this.#listener?.(part as never);
  }
}

/** Makes an output of its parts. */
export function joinParts(parts: readonly Part[], { encoding, lines }: OutputForm): RunOutput {
  if (encoding === 'buffer') return Buffer.concat(parts as Buffer[]);
  return lines ? [...(parts as string[])] : parts.join('');
}
