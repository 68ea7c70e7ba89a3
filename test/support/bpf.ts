/** `struct seccomp_data`, a filter's view of a system call. */
export interface Call {
  readonly arch: number;
  readonly number: number;
  readonly args: readonly bigint[];
}

/** The words of `struct seccomp_data` on a little-endian machine. */
function wordsOf(call: Call): Uint32Array {
  const words = new Uint32Array(16);
  words[0] = call.number;
  words[1] = call.arch;
  call.args.forEach((value, index) => {
    words[4 + 2 * index] = Number(value & 0xffff_ffffn);
    words[5 + 2 * index] = Number(value >> 32n);
  });
  return words;
}

/**
 * Runs a seccomp filter with the kernel's checks: known instructions, aligned loads inside the data, jumps forward and
 * inside the program.
 */
export function runFilter(program: Uint8Array, call: Call): number {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const count = program.length / 8;
  const data = wordsOf(call);
  let accumulator = 0;
  for (let at = 0; at < count; at++) {
    const k = view.getUint32(at * 8 + 4, true);
    const jump = (holds: boolean): number => view.getUint8(at * 8 + (holds ? 2 : 3));
    switch (view.getUint16(at * 8, true)) {
      case 0x20:
        if (k % 4 !== 0 || k >= 64) throw new Error(`load of ${k}`);
        accumulator = data[k / 4] ?? 0;
        break;
      case 0x54:
        accumulator = (accumulator & k) >>> 0;
        break;
      case 0x05:
        at += k;
        break;
      case 0x15:
        at += jump(accumulator === k);
        break;
      case 0x25:
        at += jump(accumulator > k);
        break;
      case 0x35:
        at += jump(accumulator >= k);
        break;
      case 0x06:
        return k;
      default:
        throw new Error(`instruction ${view.getUint16(at * 8, true)}`);
    }
  }
  throw new Error('the program has no end');
}
