import { readFileSync, readlinkSync } from 'node:fs';
import { expect } from 'chai';
import { withOrlop } from '../../support/orlop.ts';
import { requires, requiresIn } from '../../support/require.ts';

describe('the cgroup namespace of a container', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  async function seen(cgroupns?: string): Promise<{ namespace: string | undefined; groups: readonly string[] }> {
    const script = 'readlink /proc/self/ns/cgroup; cat /proc/self/cgroup';
    const { stdout } = await fixture().orlop.run('busybox', ['sh', '-c', script], { cgroupns });
    const [namespace, ...groups] = stdout.trim().split('\n');
    return { namespace, groups };
  }

  const host = readlinkSync('/proc/self/ns/cgroup');

  it('is its own, whose top is its cgroup in each hierarchy', async () => {
    for (const cgroupns of [undefined, 'private']) {
      const { namespace, groups } = await seen(cgroupns);
      expect(namespace).to.not.equal(host);
      expect(groups.filter((line) => !line.endsWith(':/'))).to.deep.equal([]);
    }
  });

  it('is that of the host on request, with the cgroups of the container by their paths there', async function () {
    requiresIn(this, 'root', 'cgroup-v2');
    const { namespace, groups } = await seen('host');
    expect(namespace).to.equal(host);
    const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
    const unified = groups.find((line) => line.startsWith('0::')) ?? '';
    expect(unified)
      .to.match(/^0::\/.*orlop-\d+-\d+-\d+-\d+$/)
      .and.to.not.equal(`0::${own}`);
  });

  it('is shown by inspect, as the default too', async () => {
    for (const [given, shown] of [
      [undefined, 'private'],
      ['host', 'host'],
    ]) {
      await using container = await fixture().orlop.create('busybox', ['true'], { cgroupns: given });
      const { HostConfig } = await container.inspect();
      expect(HostConfig).to.include({ CgroupnsMode: shown, PidMode: '' });
      await container.remove();
    }
  });
});
