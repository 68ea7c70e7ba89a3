import { encodePlan } from './encode.ts';
import type { ProcessFacts } from './facts.ts';
import { format } from './format.ts';
import type { Plan } from './types.ts';

type ExecFacts = Pick<ProcessFacts, 'candidates' | 'argv' | 'env'>;

const offsetOfSize = 8;
/** Records begin with their code, padded to four bytes. */
const offsetOfWords = 4;

/**
 * The binary form of a plan but for what its last operation, `exec`, has: command lines and environments differ from
 * request to request, and all else of a plan often does not.
 */
export class ExecTemplate {
  readonly #head: Buffer;
  /** Of the words of `exec`. */
  readonly #words: number;

  /** @param plan ends in `exec` */
  constructor(plan: Plan) {
    const enter = plan.enter.map((op) => (op.op === 'exec' ? { ...op, candidates: [], argv: [], env: [] } : op));
    const bytes = encodePlan({ ...plan, enter });
    // Numbers begin at multiples of four.
    this.#head = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
    this.#head.set(bytes);
    const records = plan.prepare.length + plan.enter.length;
    this.#words = format.headerSize + (records - 1) * format.recordSize + offsetOfWords;
  }

  /** The whole form; null where it is over the limits, or a text holds a NUL: `encodePlan` says what is wrong. */
  encode({ candidates, argv, env }: ExecFacts): Uint8Array | null {
    const lists = [candidates, argv, env];
    let data = '';
    let count = 0;
    for (const list of lists) {
      count += list.length;
      for (const text of list) {
        if (text.includes('\0')) return null;
        data += `${text}\0`;
      }
    }
    const begin = this.#head.length;
    const size = begin + count * 4 + Buffer.byteLength(data);
    if (size > format.maxSize) return null;
    const bytes = Buffer.allocUnsafe(size);
    bytes.set(this.#head);
    bytes.write(data, begin + count * 4);
    const view = new DataView(bytes.buffer, bytes.byteOffset, begin + count * 4);
    view.setUint32(offsetOfSize, size, true);
    this.#point(view, lists, begin + count * 4);
    return bytes;
  }

  /** @param begin where the texts begin, one behind the other */
  #point(view: DataView, lists: readonly (readonly string[])[], begin: number): void {
    let at = begin;
    let number = this.#head.length;
    let words = this.#words;
    for (const list of lists) {
      view.setUint32(words, list.length === 0 ? 0 : number, true);
      view.setUint32(words + 4, list.length, true);
      words += 8;
      for (const text of list) {
        view.setUint32(number, at, true);
        number += 4;
        at += Buffer.byteLength(text) + 1;
      }
    }
  }
}
