import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Pool } from '../../../ts/index.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('a pool whose image has been replaced under its name', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'busybox', 'overlay');
  const fixture = withOrlop();

  async function openPool(name: string, size: number): Promise<Pool> {
    const { orlop } = fixture();
    await orlop.images.tag('busybox', name);
    return orlop.pool(name, { size });
  }

  /** Replaces the image by one that has /late/f. */
  async function replace(name: string): Promise<void> {
    const { orlop } = fixture();
    const container = await orlop.create('busybox', ['sh', '-c', 'mkdir /late; echo content > /late/f']);
    await (await container.start()).exited;
    await container.commit(name);
    await container.remove();
  }

  const full = (pool: Pool, size: number) => until('the pool is full', () => pool.stats.ready === size);

  it('fills a volume that the image before it had nothing for', async () => {
    await using pool = await openPool('one', 1);
    const list = () => pool.run(['ls', '/late'], { volumes: ['late:/late'] });
    for (let round = 0; round < 2; round++) expect((await list()).stdout).to.equal('');
    await replace('one');
    await full(pool, 1);
    // The first of these has the container that waited when the image was replaced.
    await pool.run(['true']);
    await full(pool, 1);
    expect((await list()).stdout).to.equal('f\n');
  });

  it('sees a source that was replaced too, whichever image a waiting container has', async () => {
    const source = join(fixture().directory, 'source');
    const make = (content: string) => {
      mkdirSync(source);
      writeFileSync(join(source, 'f'), content);
    };
    make('before');
    await using pool = await openPool('many', 4);
    const read = () => pool.run(['cat', '/s/f'], { volumes: [`${source}:/s`] });
    expect((await read()).stdout).to.equal('before');
    await full(pool, 4);
    await replace('many');
    await pool.run(['true']);
    await full(pool, 4);
    renameSync(source, `${source}.before`);
    make('after');
    // Three of the four waiting containers have the former image: as many as there are tries.
    expect((await read()).stdout).to.equal('after');
  });
});
