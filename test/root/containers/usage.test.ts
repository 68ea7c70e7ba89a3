import { statfsSync } from 'node:fs';
import { expect } from 'chai';
import { RunError } from '../../../ts/index.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';

const tmpfs = 0x01021994;

describe('what an application used', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const sh = (script: string, options = {}) => fixture().orlop.run('busybox', ['sh', '-c', script], options);

  it('counts the processors, of its children too', async () => {
    const busy = await sh('i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done');
    expect(busy.usage.userMs).to.be.above(50);
    const children = await sh('(i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done) & wait');
    expect(children.usage.userMs).to.be.above(50);
    const idle = await sh('sleep 0.3');
    expect(idle.usage.userMs + idle.usage.systemMs).to.be.below(50);
    expect(idle.usage.wallMs).to.be.within(290, 20_000);
  });

  it('counts the time from the execution on, also of an application that ends before orlop notices it', async () => {
    const { orlop } = fixture();
    await using pool = await orlop.pool('busybox', { size: 2 });
    for (let run = 0; run < 40; run++) {
      const { usage } = await pool.run(['true']);
      expect(usage.wallMs).to.be.above(0.05);
    }
  });

  it('tells the largest process, and nothing where this program was larger', async () => {
    const { usage } = await sh('dd if=/dev/zero of=/dev/null bs=700M count=1');
    expect(usage.maxRssBytes).to.be.within(700 << 20, 720 << 20);
    expect((await sh('true')).usage.maxRssBytes).to.equal(null);
  });

  it('counts what was written for a disk', async () => {
    const { root } = fixture();
    const { usage } = await sh('dd if=/dev/zero of=/v/file bs=1M count=8 conv=fsync', { volumes: ['data:/v'] });
    const [least, most] = statfsSync(root).type === tmpfs ? [0, 0] : [8 << 20, 9 << 20];
    expect(usage.ioWriteBytes).to.be.within(least, most);
  });

  it('is told by a started container, by a pool, and by the error of a run that was ended', async () => {
    const { orlop } = fixture();
    const container = await orlop.create('busybox', ['sleep', '0.1'], { rm: true });
    const running = await container.start({ stdout: 'ignore', stderr: 'ignore' });
    expect((await running.exited).usage.wallMs).to.be.within(95, 20_000);

    await using pool = await orlop.pool('busybox', { size: 1 });
    const { usage } = await pool.run(['sh', '-c', 'sleep 0.1; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done']);
    expect(usage.wallMs).to.be.within(100, 20_000);
    expect(usage.userMs).to.be.above(10);

    const error = await sh('while :; do :; done', { timeout: 500 }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(RunError).with.property('code', 'ORLOP_E_TIMEOUT');
    if (!(error instanceof RunError)) return;
    expect(error.usage.wallMs).to.be.within(200, 20_000);
    expect(error.usage.userMs + error.usage.systemMs).to.be.above(50);
  });
});
