import { expect } from 'chai';
import { storeContent } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';

describe('the limit of the read-write layer, on a file system without quotas', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop({ '/large': 'x'.repeat(3 * 2 ** 20) });
  const sh = (script: string, options = {}) =>
    fixture().orlop.run('busybox', ['sh', '-c', script], { limits: { disk: '2m' }, reject: false, ...options });

  it('bounds what is written, and gives back what is removed', async () => {
    const before = storeContent(fixture());
    const full = await sh('dd if=/dev/zero of=/f bs=64k count=64 2>&1; stat -c %s /f; cat /data/file');
    expect(full.stdout)
      .to.match(/No space left on device/)
      .and.match(/\nfrom the image\n$/);
    expect(Number(/^\d+$/m.exec(full.stdout)?.[0])).to.be.within(1.5 * 2 ** 20, 2 ** 21);
    const write = 'dd if=/dev/zero of=/f bs=64k count=20 2>/dev/null';
    const twice = await sh(`${write} && rm /f && ${write}`);
    expect(twice.exitCode, twice.stderr).to.equal(0);
    expect(storeContent(fixture())).to.deep.equal(before);
  });

  it('bounds the number of files, which may have no bytes', async () => {
    const { stdout } = await sh('i=0; while true 2>/dev/null > /d$i; do i=$((i + 1)); done; echo $i');
    // 2 MiB of 4 KiB each, and what a start has to spare.
    expect(Number(stdout)).to.be.within(500, 768);
  });

  it('counts a file of the image that is changed, and neither a volume nor a tmpfs', async () => {
    const { stdout, stderr } = await sh('cp /large /v && cp /large /t && echo both; chmod 600 /large', {
      volumes: ['/v'],
      tmpfs: ['/t'],
    });
    expect(stdout).to.equal('both\n');
    expect(stderr).to.equal('chmod: /large: No space left on device\n');
  });

  it('leaves the root directory as the image has it, and whiteouts as they are', async () => {
    const { orlop } = fixture();
    const base = await orlop.create('busybox', ['sh', '-c', 'chown 1000:29 / || :; chmod 1751 /']);
    await (await base.start()).exited;
    await base.commit('owned');
    await base.remove();
    const look = ['sh', '-c', 'stat -c "%a %u:%g" /; rm -r /data; mkdir /data; ls -A /data | wc -l'];
    const bounded = await orlop.run('owned', look, { limits: { disk: '1m' } });
    expect(bounded).to.include({ stdout: (await orlop.run('owned', look)).stdout, stderr: '', exitCode: 0 });
    expect(bounded.stdout).to.match(/^1751 .*\n0\n$/);
  });

  it('holds in a pool, and in one start of several at once', async () => {
    const { orlop } = fixture();
    const fill = ['sh', '-c', 'dd if=/dev/zero of=/f bs=64k count=64 2>/dev/null; stat -c %s /f'];
    await using pool = await orlop.pool('busybox', { size: 2, limits: { disk: '1m' } });
    const runs = [pool.run(fill), pool.run(fill), orlop.run('busybox', fill, { limits: { disk: '1m' } })];
    for (const { stdout } of await Promise.all(runs)) expect(Number(stdout)).to.be.within(2 ** 19, 2 ** 20);
  });

  it('is refused for a container that outlives its application, and says what to do', async () => {
    const { orlop } = fixture();
    const limits = { disk: '1m' };
    const error = await refusal(orlop.create('busybox', ['true'], { limits }));
    expect(error).to.include({ code: 'ORLOP_E_LIMIT' });
    expect(error.message).to.match(/the container outlives its application, and (quotas are for root|the file system)/);
    expect(error.hint).to.include('--rm').and.to.include('prjquota');
  });

  it('has no changes to read from outside while the container runs', async () => {
    const { orlop } = fixture();
    const limits = { disk: '1m' };
    const container = await orlop.create('busybox', ['sleep', '600'], { limits, rm: true });
    await container.start();
    for (const read of [container.diff(), container.commit('never')]) {
      expect(await refusal(read)).to.include({ code: 'ORLOP_E_LIMIT' });
    }
    await container.remove({ force: true });
  });
});
