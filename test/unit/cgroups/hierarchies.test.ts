import { expect } from 'chai';
import { distinct, readHierarchies } from '../../../ts/cgroups/hierarchies.ts';

const hybrid = `
31 23 0:28 / /sys/fs/cgroup rw,relatime shared:47 - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:48 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:51 - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime shared:56 - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:57 - cgroup2 cgroup2 rw,nsdelegate
`;

describe('the hierarchies of control groups', () => {
  it('are read with the directory of the program, version 2 first', () => {
    const cgroup = '9:name=systemd:/\n4:memory:/api/one\n2:cpu,cpuacct:/\n0::/user.slice/a:b.scope\n';
    expect(readHierarchies(hybrid, cgroup)).to.deep.equal([
      {
        version: 2,
        controllers: [],
        mount: '/sys/fs/cgroup/unified',
        own: '/sys/fs/cgroup/unified/user.slice/a:b.scope',
      },
      {
        version: 1,
        controllers: ['cpu', 'cpuacct'],
        mount: '/sys/fs/cgroup/cpu,cpuacct',
        own: '/sys/fs/cgroup/cpu,cpuacct',
      },
      { version: 1, controllers: ['memory'], mount: '/sys/fs/cgroup/memory', own: '/sys/fs/cgroup/memory/api/one' },
      { version: 1, controllers: ['name=systemd'], mount: '/sys/fs/cgroup/systemd', own: '/sys/fs/cgroup/systemd' },
    ]);
  });

  const v2 = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';
  const part = v2.replace(' / ', ' /docker/1 ');
  const cases: readonly [what: string, mountinfo: string, cgroup: string, own: string | null][] = [
    ['of a session', v2, '0::/user.slice/session-1.scope\n', '/sys/fs/cgroup/user.slice/session-1.scope'],
    ['of a cgroup namespace', v2, '0::/\n', '/sys/fs/cgroup'],
    ['below a mount that shows a part', part, '0::/docker/1/a\n', '/sys/fs/cgroup/a'],
    ['of a mount that shows it', part, '0::/docker/1\n', '/sys/fs/cgroup'],
    ['outside of what is mounted', part, '0::/docker/2\n', null],
    ['with the name of another as a part', part, '0::/docker/12\n', null],
  ];
  for (const [what, mountinfo, cgroup, own] of cases) {
    it(`show the directory ${what}`, () => {
      expect(readHierarchies(mountinfo, cgroup)[0]?.own).to.equal(own);
    });
  }

  it('are each one, although mounted twice: where the directory is shown, and can be written', () => {
    const first = hybrid.replaceAll('/sys/fs/cgroup', '/srv/chroot/sys/fs/cgroup').replaceAll(' rw,', ' ro,');
    const other = hybrid.replaceAll('/sys/fs/cgroup', '/mnt').replaceAll(/ \/ (?=\/mnt)/g, ' /elsewhere ');
    const cgroup = '9:name=systemd:/\n4:memory:/api/one\n2:cpu,cpuacct:/\n0::/a\n';
    const all = readHierarchies(first + other + hybrid, cgroup);
    expect(all).to.have.length(12);
    expect(distinct(all)).to.deep.equal(readHierarchies(hybrid, cgroup));
  });

  it('are none where none is mounted, or the program is in none', () => {
    expect(readHierarchies('', '0::/\n')).to.deep.equal([]);
    expect(readHierarchies(hybrid, '')).to.deep.equal([]);
  });
});
