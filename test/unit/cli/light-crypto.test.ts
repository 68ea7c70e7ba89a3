import * as theirs from 'node:crypto';
import { expect } from 'chai';
import * as ours from '../../../ts/cli/light-crypto.ts';

describe('what the command line wants of cryptography', () => {
  it('hashes as node:crypto does', () => {
    const hash = ({ createHash }: Pick<typeof theirs, 'createHash'>) =>
      createHash('sha256').update('abc').digest('hex');
    expect(hash(ours)).to.equal(hash(theirs));
  });

  it('gives random bytes of every size, never the same', () => {
    for (const size of [6, 32, 64, 4096]) {
      const [one, other] = [ours.randomBytes(size), ours.randomBytes(size)];
      expect(one).to.have.length(size);
      expect(one.equals(other)).to.equal(false);
    }
  });
});
