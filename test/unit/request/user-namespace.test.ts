import { expect } from 'chai';
import { formatUserNamespace, parseUserNamespace } from '../../../ts/request/user-namespace.ts';

describe('the user namespace of a request', () => {
  for (const text of ['host', 'auto', 'auto:size=1000', '100000:200000:65536', '0:0:4294967295']) {
    it(`is written as it is read: ${text}`, () => {
      expect(formatUserNamespace(parseUserNamespace(text))).to.equal(text);
    });
  }

  it('has all IDs under their numbers for keep-id', () => {
    expect(parseUserNamespace('keep-id')).to.deep.equal({ first: { user: 0, group: 0 }, size: 4294967295 });
  });

  it('is left to the isolation that is asked for where nothing is given', () => {
    expect(formatUserNamespace(parseUserNamespace(''))).to.equal('default');
    expect(formatUserNamespace(undefined)).to.equal('default');
  });
});
