import { expect } from 'chai';
import { whoseStore } from '../../../ts/store/whose.ts';

describe('whose store a command looks in', () => {
  for (const [what, uid, env, text] of [
    ['a user', 1000, {}, ` in the store of uid 1000, 'sudo orlop ps -a' in root's`],
    ['root by sudo', 0, { SUDO_UID: '1000' }, ' in the store of root, without sudo in that of uid 1000'],
    ['root', 0, {}, ''],
    ['root who became root', 0, { SUDO_UID: '0' }, ''],
  ] as const) {
    it(`is said to ${what}`, () => {
      expect(whoseStore('orlop ps -a', { uid, env })).to.equal(text);
    });
  }
});
