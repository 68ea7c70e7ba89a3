import { expect } from 'chai';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';
import { timed } from '../../support/timings.ts';

describe('the timings of a request to a pool', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  it('are its own: the waiting container had its mounts before', async () => {
    await using pool = await fixture().orlop.pool('busybox', { size: 1 });
    const steps = await timed(() => pool.start(['true'], { volumes: ['data:/test'] }));
    const names = steps.map(({ step }) => step);
    expect(names.slice(0, 2)).to.deep.equal(['request', 'take']);
    expect(names).to.include.members(['hand over', 'bind', 'attach', 'exec']);
    for (const name of ['clone', 'overlay', 'pivot']) expect(names).to.not.include(name);
  });
});
