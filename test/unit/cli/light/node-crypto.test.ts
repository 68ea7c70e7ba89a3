import * as theirs from 'node:crypto';
import { expect } from 'chai';
import * as ours from '../../../../ts/cli/light/node-crypto.ts';

interface Hashing {
  createHash(algorithm: 'sha256'): OneHash;
}

interface OneHash {
  update(content: string | Uint8Array): OneHash;
  digest(form: 'hex'): string;
}

describe('what the command line wants of cryptography', () => {
  it('hashes what is shorter or longer than a block as node:crypto does', () => {
    for (const size of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 4096, 4097, 100_000]) {
      const content = Buffer.from(Array.from({ length: size }, (_, index) => (index * 7 + size) % 256));
      const hash = ({ createHash }: Hashing) => createHash('sha256').update(content).digest('hex');
      expect(hash(ours), `${size} bytes`).to.equal(hash(theirs));
    }
  });

  it('hashes text, and content that comes in parts, as node:crypto does', () => {
    for (const size of [1, 2000]) {
      const hash = ({ createHash }: Hashing) => {
        const buffer = Buffer.alloc(size, 'a');
        const hash = createHash('sha256').update('ä').update(buffer);
        buffer.fill('b');
        return hash.update(buffer).update(buffer).digest('hex');
      };
      expect(hash(ours)).to.equal(hash(theirs));
    }
  });

  it('gives random bytes of every size, never the same', () => {
    for (const size of [6, 32, 64, 4096]) {
      const [one, other] = [ours.randomBytes(size), ours.randomBytes(size)];
      expect(one).to.have.length(size);
      expect(one.equals(other)).to.equal(false);
    }
  });
});
