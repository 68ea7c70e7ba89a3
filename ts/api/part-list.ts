import type { OutputForm } from './output-form.ts';
import type { RunOutput } from './types.ts';

export type Part = string | Buffer;

const blockBytes = 64 << 10;

/**
 * Parts that become one output. An application that writes single bytes decides how many there are, and each Buffer
 * takes hundreds of bytes: small ones are copied into blocks.
 */
export class PartList {
  readonly #form: Pick<OutputForm, 'encoding' | 'lines'>;
  readonly #parts: Part[] = [];
  #block = Buffer.alloc(0);
  #used = 0;

  constructor(form: Pick<OutputForm, 'encoding' | 'lines'>) {
    this.#form = form;
  }

  add(part: Part): void {
    if (typeof part === 'string' || part.length > blockBytes / 2) {
      this.#closeBlock();
      this.#parts.push(part);
      return;
    }
    if (part.length > this.#block.length - this.#used) {
      this.#closeBlock();
      this.#block = Buffer.allocUnsafeSlow(blockBytes);
    }
    this.#used += part.copy(this.#block, this.#used);
  }

  /** The parts so far, as one. */
  get output(): RunOutput {
    const { encoding, lines } = this.#form;
    if (encoding === 'buffer')
      return Buffer.concat([...(this.#parts as Buffer[]), this.#block.subarray(0, this.#used)]);
    return lines ? [...(this.#parts as string[])] : this.#parts.join('');
  }

  #closeBlock(): void {
    if (this.#used > 0) this.#parts.push(this.#block.subarray(0, this.#used));
    this.#block = Buffer.alloc(0);
    this.#used = 0;
  }
}
