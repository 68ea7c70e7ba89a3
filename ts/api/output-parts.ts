import { StringDecoder } from 'node:string_decoder';
import { LineSplitter, type Listener, type OutputForm } from './output-form.ts';
import { type Part, PartList } from './part-list.ts';
import type { RunOutput } from './types.ts';

/** An output that comes in parts. Its listener gets each of them: bytes, texts of whole characters, or lines. */
export class OutputParts {
  readonly #both: PartList | null;
  readonly #parts: PartList;
  readonly #decoder: StringDecoder | null;
  readonly #splitter: LineSplitter | null;
  #listener: Listener | undefined;
  #heard: Promise<void> | null = null;
  #room: number;

  /**
   * @param limit the most bytes to take
   * @param both gets the parts too, beside those of the other output; null: nobody wants them
   */
  constructor(
    form: OutputForm,
    index: 0 | 1,
    { limit, both }: { readonly limit: number; readonly both: PartList | null },
  ) {
    this.#parts = new PartList(form);
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
    this.#give(this.#splitter?.end() ?? []);
  }

  /**
   * Settles when the listener has taken all that was added, and rejects with what it rejects with; null if it has. Add
   * nothing before that, but after `mute`.
   */
  get heard(): Promise<void> | null {
    return this.#heard;
  }

  /** The listener gets nothing more, not even the rest of what was added. */
  mute(): void {
    this.#listener = undefined;
  }

  /** What came so far. */
  get output(): RunOutput {
    return this.#parts.output;
  }

  #pass(part: Part): void {
    if (part.length === 0) return;
    this.#give((typeof part === 'string' ? this.#splitter?.add(part) : undefined) ?? [part]);
  }

  #give(parts: readonly Part[]): void {
    for (const part of parts) {
      this.#parts.add(part);
      this.#both?.add(part);
    }
    for (let next = 0; next < parts.length; next++) {
      const answer = this.#hear(parts[next]);
      if (!isPromise(answer)) continue;
      this.#heard = this.#giveRest(answer, parts, next + 1);
      return;
    }
  }

  async #giveRest(answer: PromiseLike<unknown>, parts: readonly Part[], from: number): Promise<void> {
    await answer;
    for (let next = from; next < parts.length; next++) await this.#hear(parts[next]);
    this.#heard = null;
  }

  /** Of an async function, the promise. */
  #hear(part: Part | undefined): unknown {
    return this.#listener?.(part as never);
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
