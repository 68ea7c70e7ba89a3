/** An access to a device, as the kernel asks a program of type BPF_PROG_TYPE_CGROUP_DEVICE about it. */
export interface DeviceAccess {
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  /** Of `r`, `w` and `m`. */
  readonly access: string;
}

const bits: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };

/**
 * Runs a program for devices with the kernel's checks: known instructions, registers that were written, loads inside the
 * context, jumps forward and inside the program. True if it allows the access.
 */
export function allowsDevice(program: Uint8Array, { type, major, minor, access }: DeviceAccess): boolean {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const asked = [...access].reduce((sum, one) => sum | (bits[one] ?? 0), 0);
  const context = [((asked << 16) | (type === 'b' ? 1 : 2)) >>> 0, major, minor];
  const registers = new Map<number, number>();
  const read = (register: number): number => {
    const value = registers.get(register);
    if (value === undefined) throw new Error(`register ${register} was never written`);
    return value;
  };
  for (let at = 0; at < program.length / 8; at++) {
    const both = view.getUint8(at * 8 + 1);
    const [to, from] = [both & 15, both >> 4];
    const offset = view.getInt16(at * 8 + 2, true);
    const value = view.getInt32(at * 8 + 4, true);
    switch (view.getUint8(at * 8)) {
      case 0x61:
        if (from !== 1 || offset % 4 !== 0 || context[offset / 4] === undefined) throw new Error(`load of ${offset}`);
        registers.set(to, context[offset / 4] ?? 0);
        break;
      case 0xbc:
        registers.set(to, read(from) >>> 0);
        break;
      case 0xb7:
        registers.set(to, value);
        break;
      case 0x54:
        registers.set(to, (read(to) & value) >>> 0);
        break;
      case 0x74:
        registers.set(to, read(to) >>> value);
        break;
      case 0x55:
        if (offset < 0) throw new Error('a jump back');
        if (read(to) !== value) at += offset;
        break;
      case 0x95:
        return read(0) === 1;
      default:
        throw new Error(`instruction ${view.getUint8(at * 8)}`);
    }
  }
  throw new Error('the program has no end');
}
