import { expect } from 'chai';
import { isId, newId } from '../../../ts/store/id.ts';

describe('an ID', () => {
  it('is 64 hexadecimal digits, and another one each time', () => {
    const ids = Array.from({ length: 100 }, newId);
    expect(new Set(ids).size).to.equal(100);
    for (const id of ids) expect(isId(id), id).to.equal(true);
  });

  it('is nothing longer, shorter, in capitals or with other letters', () => {
    const id = newId();
    const others = ['', id.slice(1), `${id}0`, `0${id}`, `${id}\n`, ` ${id}`, `${id}/..`, `${id.slice(1)}g`];
    for (const other of [...others, 'F'.repeat(64)]) expect(isId(other), JSON.stringify(other)).to.equal(false);
  });
});
