import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

/** More than the kernel lets a message bring (SCM_MAX_FD, 253). */
const count = 300;

describe('three hundred mounts of a container', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'helper');
  const fixture = withOrlop();
  const numbers = Array.from({ length: count }, (_, index) => index);
  const volumes = () =>
    numbers.map((number) => {
      const source = join(fixture().directory, 'sources', `${number}`);
      mkdirSync(source, { recursive: true });
      writeFileSync(join(source, 'number'), `${number} `);
      return `${source}:/v/${number}`;
    });
  const look = ['sh', '-c', `for i in $(seq 0 ${count - 1}); do cat /v/$i/number; done`];
  const expected = numbers.map((number) => `${number} `).join('');

  it('are there, each at its place, whichever process makes them', async () => {
    const { orlop } = fixture();
    const start = () => orlop.run('busybox', look, { volumes: volumes() });
    expect((await start()).stdout).to.equal(expected);
    expect((await start()).stdout, 'by an opener').to.equal(expected);
    await until('a start with prefetched mounts', async () => {
      const { stdout, timings } = await start();
      expect(stdout).to.equal(expected);
      return process.env.ORLOP_FEATURES === '0' || !timings.steps.some(({ step }) => step === 'overlay');
    });
  });

  it('are there in a waiting container', async () => {
    await using pool = await fixture().orlop.pool('busybox', { size: 1, volumes: volumes() });
    expect((await pool.run(look)).stdout).to.equal(expected);
    const tmpfs = numbers.map((number) => `/t/${number}`);
    await using other = await fixture().orlop.pool('busybox', { size: 1, tmpfs });
    const { stdout } = await other.run(['sh', '-c', 'grep -c " /t/.* - tmpfs " /proc/self/mountinfo']);
    expect(stdout).to.equal(`${count}\n`);
  });
});
