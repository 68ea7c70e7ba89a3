import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import { requires } from '../support/require.ts';
import { runProgram } from '../support/starts.ts';

/** Bits of `native/init/run.h`, and the kernel that brought them. */
const since: readonly (readonly [name: string, bit: number, version: readonly [number, number]])[] = [
  ['the mount calls', 1 << 0, [5, 2]],
  ['mount_setattr', 1 << 1, [5, 12]],
  ['openat2', 1 << 2, [5, 6]],
  ['close_range', 1 << 3, [5, 11]],
  ['lowerdir+', 1 << 4, [6, 5]],
  ['clone into a cgroup', 1 << 5, [5, 7]],
  ['open_tree_attr', 1 << 6, [6, 15]],
];

const [major = 0, minor = 0] = readFileSync('/proc/sys/kernel/osrelease', 'utf8').split('.').map(Number);

describe("the kernel's features", function () {
  this.timeout(60_000);
  requires('addon', 'root', 'overlay');

  for (const [name, bit, [first, second]] of since) {
    const expected = major > first || (major === first && minor >= second);
    it(`${expected ? 'have' : 'lack'} ${name} on Linux ${major}.${minor}`, () => {
      expect((loadNative().features() & bit) !== 0).to.equal(expected);
    });
  }

  it('are the same for a program without privilege, which may use them in a user namespace', async () => {
    const { stdout } = await runProgram(
      `process.setgroups([]); process.setgid(1000); process.setuid(1000); console.log(native.features());`,
      {},
    );
    expect(Number(stdout)).to.equal(loadNative().features());
  });
});
