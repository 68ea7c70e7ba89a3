import type { Pool } from '../../ts/index.ts';
import { prepareImage } from '../ground/image.ts';
import { openOrlop } from '../ground/library.ts';
import { timeRun } from '../measure/run.ts';
import { application, type Contestant, targets } from './contestant.ts';

const startMs = 60_000;
const size = 2;

/** A container that waits, ready; the volumes are bound on request. */
export const orlopPool: Contestant = {
  id: 'orlop-pool',
  label: 'orlop, pool',
  share: 1,
  peer: false,
  supports: ({ mounts }) => mounts === 'full',
  missing: () => null,
  async open(ground, container) {
    const image = await prepareImage(ground, container);
    const orlop = await openOrlop(ground, container.upper);
    const volumes = targets(container).map((target) => `${ground.source}:${target}`);
    const pool = await orlop.pool(image, { size, network: container.network ? 'none' : 'host' });
    return {
      async start() {
        await rested(pool);
        return timeRun(() => pool.run([application], { volumes, timeout: startMs }));
      },
      close: () => pool.close(),
    };
  },
};

/** What is made for the next request must not take the processors from this one. */
async function rested(pool: Pool): Promise<void> {
  while (pool.stats.ready < size || pool.stats.making > 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
