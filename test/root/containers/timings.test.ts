import { expect } from 'chai';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';
import { timed, unexplained } from '../../support/timings.ts';

describe('the timings of a start', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  it('explain every moment, with every strategy, and count from start', async () => {
    // The first start of a program prepares those after it.
    for (let round = 0; round < 4; round++) {
      const container = await fixture().orlop.create('busybox', ['true'], { rm: true, volumes: ['data:/test'] });
      const steps = await timed(() => container.start());
      expect(steps.find(({ phase }) => phase === 'call')?.startUs).to.be.closeTo(0, 0.01);
      const created = steps.filter(({ phase }) => phase === 'create');
      const found = round === 0 ? ['image', 'user', 'sources', 'settings'] : [];
      const names = ['request', ...found, 'container', 'volumes', 'pause'];
      expect(created.map(({ step }) => step)).to.deep.equal(names);
      for (const { startUs } of created) expect(startUs).to.be.below(0);
    }
  });

  it('count from the call of run', async () => {
    const { timings } = await fixture().orlop.run('busybox', ['true']);
    expect(timings.steps[0]).to.include({ phase: 'create', step: 'request', startUs: 0 });
    expect(timings.steps.map(({ step }) => step)).not.to.include('pause');
    expect(unexplained(timings.steps)).to.deep.equal([]);
  });

  it('tell the second start of a container without its making', async () => {
    const container = await fixture().orlop.create('busybox', ['true']);
    await timed(() => container.start());
    const steps = await timed(() => container.start());
    expect(steps[0]).to.include({ phase: 'call', step: 'claim' });
    await container.remove();
  });
});
