import { availableParallelism } from 'node:os';
import { expect } from 'chai';
import { online } from '../../../ts/linux/online.ts';
import { countOf } from '../../../ts/request/id-list.ts';

describe('what the machine has online', () => {
  it('are its processors, at least those that this program may use', function () {
    const list = online('cpu');
    if (list === null) this.skip();
    expect(list).to.match(/^\d+(-\d+)?(,\d+(-\d+)?)*$/);
    expect(countOf(list)).to.be.at.least(availableParallelism());
  });
});
