import { expect } from 'chai';
import { counts, ownChildren, ownDescriptors, ownThreads, sameCounts } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('many commands in running containers', function () {
  this.timeout(240_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  it('leave no descriptor, no thread and no process, aborted ones too', async () => {
    const container = await fixture().orlop.create('busybox', ['sleep', '1000'], { rm: true });
    await using running = await container.start();
    // A seat of the container itself, where control groups of version 1 hold its limits.
    const seats = () => counts(ownThreads().filter((name) => name === 'orlop-seat'));
    const before = seats();
    let number = 0;
    const worker = async (total: number) => {
      while (number < total) {
        const own = number++;
        if (own % 10 === 9) {
          // At any moment of the start, or soon after it.
          const signal = AbortSignal.timeout(own % 7);
          const { code } = await refusal(container.exec(['sleep', '1000'], { signal }));
          expect(code).to.equal('ORLOP_E_ABORTED');
        } else {
          expect((await container.exec(['echo', `${own}`])).stdout).to.equal(`${own}\n`);
        }
      }
    };
    const many = async (total: number) => {
      number = 0;
      await Promise.all(Array.from({ length: 16 }, () => worker(total)));
    };
    await many(50);
    await until('only the application is left', async () => (await container.top()).length === 1);
    const descriptors = counts(ownDescriptors());
    const children = ownChildren().map(({ pid }) => pid);
    await many(400);
    await until('only the application is left', async () => (await container.top()).length === 1);
    await until('the children are those from before', () => `${ownChildren().map(({ pid }) => pid)}` === `${children}`);
    await until('the descriptors are those from before', () => sameCounts(counts(ownDescriptors()), descriptors));
    await until('no thread stays in the control groups', () => sameCounts(seats(), before));
    running.kill('SIGKILL');
    expect((await running.exited).signal).to.equal('SIGKILL');
  });
});
