import { expect } from 'chai';
import { nameFor } from '../../../ts/resolve/names.ts';

describe('the name of a container that was given none', () => {
  it('is made of its ID, and ends with digits of it', () => {
    expect(nameFor('0'.repeat(64))).to.match(/^[a-z]+_[a-z]+_000000$/);
    expect(nameFor('f'.repeat(64))).to.match(/^[a-z]+_[a-z]+_ffffff$/);
  });
});
