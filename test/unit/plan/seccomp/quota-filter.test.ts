import { expect } from 'chai';
import { action } from '../../../../ts/plan/seccomp/profile.ts';
import { quotaFilter } from '../../../../ts/plan/seccomp/quota-filter.ts';
import { runFilter } from '../../../support/bpf.ts';

const refused = action.errno(1);
const fssetxattr = 0x401c5820n;
const fsgetxattr = 0x801c581fn;

describe('the filter that keeps a quota', () => {
  for (const [arch, table, audit, ioctl, fileSetattr] of [
    ['x64', 'x86_64', 0xc000003e, 16, 469],
    ['x64', 'x32', 0xc000003e, 0x40000000 + 514, 0x40000000 + 469],
    ['x64', 'i386', 0x40000003, 54, 469],
    ['arm64', 'aarch64', 0xc00000b7, 29, 469],
    ['arm64', 'arm', 0x40000028, 54, 469],
  ] as const) {
    it(`refuses to take a file out of its project, on ${table}, and nothing else`, () => {
      const filter = quotaFilter(arch);
      const call = (number: number, request = 0n) => runFilter(filter, { arch: audit, number, args: [3n, request] });
      for (const request of [fssetxattr, 0x40086602n, 0x40046602n, fssetxattr | (1n << 40n)]) {
        expect(call(ioctl, request), request.toString(16)).to.equal(refused);
      }
      expect(call(fileSetattr)).to.equal(refused);
      // Reading flags, a terminal's size, and other calls with such an argument.
      for (const request of [fsgetxattr, 0x80086601n, 0x5413n]) expect(call(ioctl, request)).to.equal(action.allow);
      for (const number of [fileSetattr - 1, fileSetattr + 1, ioctl + 1]) {
        expect(call(number, fssetxattr)).to.equal(action.allow);
      }
    });
  }

  it('leaves other architectures to the filter after it', () => {
    expect(runFilter(quotaFilter('x64'), { arch: 1, number: 16, args: [3n, fssetxattr] })).to.equal(action.allow);
  });
});
