import { mkdtempSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Orlop, type OrlopRuntime } from '../../ts/index.ts';
import { removeAll } from '../support/orlop.ts';
import { refusal } from '../support/refusal.ts';
import { requires } from '../support/require.ts';

describe('the image host of an ordinary user', function () {
  this.timeout(60_000);
  requires('user', 'addon', 'overlay');
  let directory = '';
  let orlop: OrlopRuntime;

  before(async () => {
    directory = mkdtempSync('/var/tmp/orlop-test-');
    orlop = await Orlop.open({ root: join(directory, 'root'), run: join(directory, 'run') });
  });
  after(async () => {
    await orlop.close();
    await removeAll(directory);
  });

  const sh = async (script: string, options = {}) => (await orlop.run('host', ['sh', '-c', script], options)).stdout;

  it('shows the programs and the links of the host, and takes its first start and the next', async () => {
    const own = readdirSync('/usr/bin').length;
    for (let turn = 0; turn < 4; turn++) {
      expect(await sh('id -u; ls /usr/bin | wc -l; readlink /bin')).to.equal(`0\n${own}\nusr/bin\n`);
    }
  });

  it('writes to the container alone, where the host lets anybody write', async () => {
    expect(await sh('echo new > /srv/orlop-test && cat /srv/orlop-test')).to.equal('new\n');
    expect(readdirSync('/srv')).to.not.include('orlop-test');
    expect(await sh('ls /srv/orlop-test 2>&1; echo "$?"')).to.match(/\n2\n$/);
  });

  it('is bounded as a whole, in all its unions', async () => {
    const script = `stat -c '%a %n' / /usr /var; dd if=/dev/zero of=/var/f bs=64k count=24 2>/dev/null; df -P /var | tail -1
      dd if=/dev/zero of=/usr/f bs=64k count=24 2>/dev/null || echo full`;
    const bounded = await sh(script, { limits: { disk: '2m' } });
    expect(bounded).to.match(/^755 \/\n755 \/usr\n755 \/var\n.* 2048 +15\d\d .*\nfull\n$/);
  });

  it('does not let what belongs to root of the host be changed', async () => {
    const before = statSync('/usr/bin/env', { bigint: true });
    expect(await sh('echo x >> /usr/bin/env || chmod 777 /usr/bin/env || rm -f /usr/bin/env || echo no')).to.equal(
      'no\n',
    );
    expect(statSync('/usr/bin/env', { bigint: true }).ctimeNs).to.equal(before.ctimeNs);
  });

  it('hides home directories, and the directory that holds the store', async () => {
    expect(await sh(`ls -A /root /home; ls -A ${directory} 2>&1 | wc -l`)).to.match(/^\/home:\n\n\/root:\n1\n$/);
  });

  it('refuses what is in files of root of the host', async () => {
    for (const options of [{ oomScoreAdj: 500 }, { sysctls: ['kernel.domainname=x'] }]) {
      expect((await refusal(sh('true', options))).code).to.equal('ORLOP_E_PERMISSION');
    }
  });

  it('is read-only as a whole on request', async () => {
    const script = 'for d in / /etc /usr /opt; do touch $d/x 2>/dev/null && echo "$d is writable"; done; echo done';
    expect(await sh(script, { readOnly: true })).to.equal('done\n');
  });

  it('has volumes in all its directories, which land on the host', async () => {
    expect(
      await sh('echo v > /opt/data/f; echo v > /new/f; cat /opt/data/f', { volumes: ['one:/opt/data', 'two:/new'] }),
    ).to.equal('v\n');
    expect(readdirSync(join(directory, 'root/volumes/one/_data'))).to.deep.equal(['f']);
  });

  it('tells what a container has changed, and leaves the rest of the host out', async () => {
    const container = await orlop.create('host', ['sh', '-c', 'echo x > /srv/one; mkdir /opt/two']);
    await (await container.start()).exited;
    expect((await container.diff()).map(({ kind, path }) => `${kind} ${path}`)).to.deep.equal([
      ...['C /opt', 'A /opt/two'],
      ...['C /srv', 'A /srv/one'],
    ]);
    expect(await refusal(container.export(1))).to.include({ code: 'ORLOP_E_PERMISSION' });
    await container.remove();
  });
});
