/** Position of an instruction, counted from the end of the program. */
export type Label = number;

/** Codes of classic BPF that a seccomp filter needs, `linux/bpf_common.h`. */
export const bpf = { load: 0x20, and: 0x54, jump: 0x05, jeq: 0x15, jgt: 0x25, jge: 0x35, ret: 0x06 } as const;

type Instruction = readonly [code: number, jt: number, jf: number, k: number];

/** Reach of a conditional jump: 255 instructions, of which one is left for a jump that is put in between. */
const reach = 254;

/**
 * A program of classic BPF, written from its end: all jumps go forward, so every target exists before the jump to it.
 * Each method puts an instruction before the others and gives its label.
 */
export class BpfWriter {
  readonly #reversed: Instruction[] = [];
  readonly #returns = new Map<number, Label>();

  get length(): number {
    return this.#reversed.length;
  }

  /** Returns `value` from the filter. */
  ret(value: number): Label {
    const known = this.#returns.get(value);
    if (known !== undefined && this.#distance(known) <= reach / 2) return known;
    const label = this.#push([bpf.ret, 0, 0, value]);
    this.#returns.set(value, label);
    return label;
  }

  /** Loads a 32-bit word of `struct seccomp_data`, then goes on at `next`. */
  load(offset: number, next: Label): Label {
    return this.#before(next, [bpf.load, 0, 0, offset]);
  }

  and(mask: number, next: Label): Label {
    return this.#before(next, [bpf.and, 0, 0, mask]);
  }

  branch(code: 'jeq' | 'jgt' | 'jge', k: number, whenTrue: Label, whenFalse: Label): Label {
    const yes = this.#near(whenTrue);
    const no = this.#near(whenFalse);
    return this.#push([bpf[code], this.#distance(yes), this.#distance(no), k]);
  }

  /** The instructions as an array of `struct sock_filter`, little-endian. */
  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#reversed.length * 8);
    const view = new DataView(bytes.buffer);
    this.#reversed.toReversed().forEach(([code, jt, jf, k], index) => {
      view.setUint16(index * 8, code, true);
      view.setUint8(index * 8 + 2, jt);
      view.setUint8(index * 8 + 3, jf);
      view.setUint32(index * 8 + 4, k, true);
    });
    return bytes;
  }

  #before(next: Label, instruction: Instruction): Label {
    if (this.#distance(next) > 0) this.#jump(next);
    return this.#push(instruction);
  }

  /** A label in reach that leads to `label`: the same, a copy of a return, or a jump. */
  #near(label: Label): Label {
    if (this.#distance(label) < reach) return label;
    const target = this.#reversed[label];
    return target?.[0] === bpf.ret ? this.#push(target) : this.#jump(label);
  }

  #jump(label: Label): Label {
    return this.#push([bpf.jump, 0, 0, this.#distance(label)]);
  }

  /** Instructions between the next one to be written and the label. */
  #distance(label: Label): number {
    return this.#reversed.length - 1 - label;
  }

  #push(instruction: Instruction): Label {
    return this.#reversed.push(instruction) - 1;
  }
}
