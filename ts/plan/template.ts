const digits = 12;

/**
 * The binary form of a plan, to be written again for containers that differ from its own in nothing but their ID, which
 * stands in the paths of the read-write layer, and, shortened to twelve digits, in the hostname and what follows from it.
 *
 * An ID is 256 bits of chance, drawn after the request was written: where its digits stand in a plan, it is the ID that
 * is meant.
 */
export class PlanTemplate {
  readonly #bytes: Buffer;
  /** Where the ID begins, and how many digits of it stand there. */
  readonly #places: readonly (readonly [offset: number, length: number])[];

  /**
   * @param bytes of a plan; kept, not to be changed
   * @param id of the container that it was made for, 64 hexadecimal digits
   */
  constructor(bytes: Uint8Array, id: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#places = placesOf(this.#bytes, id);
  }

  /** The bytes of the plan for the container of another ID. */
  encodeFor(id: string): Uint8Array {
    const copy = Buffer.allocUnsafeSlow(this.#bytes.length);
    this.#bytes.copy(copy);
    for (const [offset, length] of this.#places) copy.write(id, offset, length, 'latin1');
    return copy;
  }
}

function placesOf(bytes: Buffer, id: string): [number, number][] {
  const places: [number, number][] = [];
  const short = id.slice(0, digits);
  for (let at = bytes.indexOf(short, 0, 'latin1'); at >= 0; at = bytes.indexOf(short, at + 1, 'latin1')) {
    const whole = bytes.toString('latin1', at, at + id.length) === id;
    places.push([at, whole ? id.length : digits]);
  }
  return places;
}
