import { availableParallelism } from 'node:os';
import { expect } from 'chai';
import { online } from '../../../ts/linux/online.ts';
import { countOf } from '../../../ts/request/id-list.ts';
import { requires } from '../../support/require.ts';

describe('what the machine has online', () => {
  requires('online-processors');

  it('are its processors, at least those that this program may use', () => {
    const list = online('cpu') ?? '';
    expect(list).to.match(/^\d+(-\d+)?(,\d+(-\d+)?)*$/);
    expect(countOf(list)).to.be.at.least(availableParallelism());
  });
});
