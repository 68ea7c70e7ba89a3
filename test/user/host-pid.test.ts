import { expect } from 'chai';
import { heldControllers } from '../../ts/cgroups/place.ts';
import { withOrlop } from '../support/orlop.ts';
import { refusal } from '../support/refusal.ts';
import { requires, skipOrFail } from '../support/require.ts';

describe('the PID namespace of the host for an ordinary user', function () {
  this.timeout(60_000);
  requires('user', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  it('is refused where no cgroup is delegated, by which the container could be ended', async function () {
    if (heldControllers().length > 0) skipOrFail(this, 'a cgroup is delegated');
    const error = await refusal(fixture().orlop.run('busybox', ['true'], { pid: 'host' }));
    expect(error.code).to.equal('ORLOP_E_LIMIT');
    expect(error.message).to.match(/^'--pid host' takes a control group of the container's own: .*not delegated/);
    expect(error.hint).to.contain('Delegate=yes');
    expect((await fixture().orlop.run('busybox', ['echo', 'hi'])).stdout).to.equal('hi\n');
  });
});
