import { readlinkSync } from 'node:fs';
import { expect } from 'chai';
import { Orlop } from '../../../ts/index.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';

describe('a command in a container of root with more isolation', function () {
  this.timeout(120_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  it('is in the user namespace of the container, with the IDs and rights of its application', async () => {
    const container = await fixture().orlop.create('busybox', ['sleep', '1000'], { rm: true, userns: 'auto' });
    await using running = await container.start();
    const sh = async (script: string, options = {}) => {
      const { stdout, stderr } = await container.exec(['sh', '-c', script], options);
      expect(stderr).to.equal('');
      return stdout;
    };
    const names = ['user', 'mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup'];
    const inside = await sh(`for n in ${names.join(' ')}; do readlink /proc/self/ns/$n; done`);
    expect(inside.trim().split('\n')).to.deep.equal(
      names.map((name) => readlinkSync(`/proc/${running.pid}/ns/${name}`)),
    );
    expect(readlinkSync(`/proc/${running.pid}/ns/user`)).to.not.equal(readlinkSync('/proc/self/ns/user'));
    const facts = (pid: string) => sh(`grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)" /proc/${pid}/status`);
    expect(await facts('self')).to.equal(await facts('1'));
    expect(await sh('cat /proc/self/uid_map')).to.equal(await sh('cat /proc/1/uid_map'));
    expect(await sh('id -u; id -G; touch /tmp/own; stat -c %u:%g /tmp/own', { user: 'alice' })).to.equal(
      '1000\n1000 29\n1000:1000\n',
    );
  });

  it('is in the namespaces that such a container shares with the host', async () => {
    for (const options of [{ cgroupns: 'host' }, { pid: 'host' }] as const) {
      const how = { rm: true, userns: 'auto', ...options } as const;
      const container = await fixture().orlop.create('busybox', ['sleep', '1000'], how);
      await using running = await container.start();
      const names = ['user', 'mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup'];
      const { stdout } = await container.exec([
        'sh',
        '-c',
        `cd /proc/self/ns; for n in ${names.join(' ')}; do readlink $n; done`,
      ]);
      const expected = names.map((name) => readlinkSync(`/proc/${running.pid}/ns/${name}`));
      expect(stdout.trim().split('\n'), JSON.stringify(options)).to.deep.equal(expected);
    }
  });

  it('enters a container that orlop-launcher has made', async () => {
    const { root, run } = fixture();
    await using orlop = await Orlop.open({ root, run, isolation: 'process' });
    const container = await orlop.create('busybox', ['sleep', '1000'], { rm: true });
    await using running = await container.start();
    const { stdout } = await container.exec(['readlink', '/proc/self/ns/mnt']);
    expect(stdout.trim()).to.equal(readlinkSync(`/proc/${running.pid}/ns/mnt`));
  });
});
