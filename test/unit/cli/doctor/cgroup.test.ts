import { expect } from 'chai';
import { cgroupDirectory } from '../../../../ts/cli/doctor/cgroup.ts';

describe('the cgroup of doctor', () => {
  const v2 = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';
  const v1 = '31 23 0:27 / /sys/fs/cgroup/cpu rw,nosuid shared:5 - cgroup cgroup rw,cpu\n';
  const cases: readonly [string, mountinfo: string, cgroup: string, string | null][] = [
    ['of a session', v2, '0::/user.slice/session-1.scope\n', '/sys/fs/cgroup/user.slice/session-1.scope'],
    ['of a cgroup namespace', v2, '0::/\n', '/sys/fs/cgroup'],
    [
      'of both versions',
      v1 + v2.replace('cgroup rw', 'cgroup/unified rw'),
      '4:cpu:/x\n0::/y\n',
      '/sys/fs/cgroup/unified/y',
    ],
    ['of a mount that shows a part', v2.replace(' / ', ' /docker/1 '), '0::/docker/1/a\n', '/sys/fs/cgroup/a'],
    ['outside of what is mounted', v2.replace(' / ', ' /docker/1 '), '0::/docker/2\n', null],
    ['of a mount that shows it', v2.replace(' / ', ' /docker/1 '), '0::/docker/1\n', '/sys/fs/cgroup'],
    ['with the name of another as a part', v2.replace(' / ', ' /docker/1 '), '0::/docker/12\n', null],
    ['of version 1', v1, '4:cpu:/x\n', null],
  ];
  for (const [what, mountinfo, cgroup, expected] of cases) {
    it(`is that ${what}`, () => {
      expect(cgroupDirectory(mountinfo, cgroup)).to.equal(expected);
    });
  }
});
