import * as theirs from 'node:crypto';
import { expect } from 'chai';
import * as ours from '../../../ts/cli/light-crypto.ts';
import { sha256OfText } from '../../../ts/cli/sha256.ts';

const sha256 = (content: string | Uint8Array): string => theirs.createHash('sha256').update(content).digest('hex');

describe('what the command line wants of cryptography', () => {
  it('hashes texts of every length up to some blocks as node:crypto does', () => {
    for (let length = 0; length <= 260; length++) {
      const text = theirs.randomBytes(length).toString('latin1').slice(0, length);
      expect(sha256OfText(text), JSON.stringify(text)).to.equal(sha256(text));
    }
  });

  it('hashes what FIPS 180-4 gives as an example', () => {
    expect(sha256OfText('abc')).to.equal('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('hashes texts beyond ASCII by their UTF-8', () => {
    expect(sha256OfText('/daten/größe/港')).to.equal(sha256('/daten/größe/港'));
  });

  it('hashes what is long, and bytes, too', () => {
    for (const content of [
      'x'.repeat(1024),
      'x'.repeat(1025),
      'é'.repeat(70_000),
      Buffer.from('abc'),
      new Uint8Array(0),
    ]) {
      expect(ours.createHash('sha256').update(content).digest('hex')).to.equal(sha256(content));
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
