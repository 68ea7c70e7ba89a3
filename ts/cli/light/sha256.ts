// SHA-256 (FIPS 180-4) for the few bytes that a start of the command line hashes.

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
// biome-ignore format: a table
const constants = Uint32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);

/** The first 32 bits of the fractional parts of the square roots of the first 8 primes. */
// biome-ignore format: a table
const initial = Uint32Array.of(
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
);

const bytesOfBlock = 64;

/** SHA-256 of a short content, 32 bytes. */
export function sha256(content: Uint8Array): Uint8Array {
  // Padding: the content, a 1 bit, and the length of the content in bits.
  const padded = new Uint8Array(Math.ceil((content.length + 9) / bytesOfBlock) * bytesOfBlock);
  const view = new DataView(padded.buffer);
  padded.set(content);
  padded[content.length] = 0x80;
  view.setUint32(padded.length - 4, content.length * 8);
  const state = initial.slice();
  for (let at = 0; at < padded.length; at += bytesOfBlock) compress(state, scheduleOf(view, at));
  const hash = new DataView(new ArrayBuffer(32));
  state.forEach((word, index) => {
    hash.setUint32(index * 4, word);
  });
  return new Uint8Array(hash.buffer);
}

/** The message schedule of a block (6.2.2, step 1). */
function scheduleOf(content: DataView, at: number): Uint32Array {
  const words = new Uint32Array(64);
  const before = (t: number): number => words[t] ?? 0;
  for (let t = 0; t < 16; t++) words[t] = content.getUint32(at + t * 4);
  for (let t = 16; t < 64; t++) {
    const [one, other] = [before(t - 15), before(t - 2)];
    const s0 = rotateRight(one, 7) ^ rotateRight(one, 18) ^ (one >>> 3);
    const s1 = rotateRight(other, 17) ^ rotateRight(other, 19) ^ (other >>> 10);
    words[t] = before(t - 16) + s0 + before(t - 7) + s1;
  }
  return words;
}

/** The compression function (6.2.2, steps 2 to 4), on `state`. */
function compress(state: Uint32Array, schedule: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  schedule.forEach((word, t) => {
    const s1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
    const first = h + s1 + ((e & f) ^ (~e & g)) + (constants[t] ?? 0) + word;
    const s0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
    const second = s0 + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) >>> 0, c, b, a, (first + second) >>> 0];
  });
  [a, b, c, d, e, f, g, h].forEach((word, index) => {
    state[index] = (state[index] ?? 0) + word;
  });
}

/** Rotates a word to the right. */
function rotateRight(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}
