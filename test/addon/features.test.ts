import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import { requires } from '../support/require.ts';
import { runProgram } from '../support/starts.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** Bits of `native/init/run.h`, and the kernel that brought them. */
const since: readonly (readonly [name: string, bit: number, version: readonly [number, number]])[] = [
  ['the mount calls', 1 << 0, [5, 2]],
  ['mount_setattr', 1 << 1, [5, 12]],
  ['openat2', 1 << 2, [5, 6]],
  ['close_range', 1 << 3, [5, 11]],
  ['lowerdir+', 1 << 4, [6, 8]],
  ['clone into a cgroup', 1 << 5, [5, 7]],
  ['open_tree_attr', 1 << 6, [6, 15]],
];

const [major = 0, minor = 0] = readFileSync('/proc/sys/kernel/osrelease', 'utf8').split('.').map(Number);

/**
 * A library that answers as a kernel does whose overlayfs has options as one string (until 6.4): it takes whatever name
 * is set, and looks at them when the union is made.
 */
const takesAnyOption = `
  #define _GNU_SOURCE
  #include <dlfcn.h>
  #include <stdarg.h>
  long syscall(long number, ...) {
    const long fsconfig = 431, set_string = 1;
    long arguments[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) arguments[i] = va_arg(list, long);
    va_end(list);
    if (number == fsconfig && arguments[1] == set_string) return 0;
    long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return real(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
  }
`;

describe("the kernel's features", () => {
  requires('addon', 'root', 'overlay');
  const folder = temporaryDirectory();

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

  it('do not have lowerdir+ where every name of an option is taken', async () => {
    const library = join(folder(), 'takes-any-option.so');
    execFileSync('gcc', ['-shared', '-fPIC', '-x', 'c', '-o', library, '-', '-ldl'], { input: takesAnyOption });
    const env = { LD_PRELOAD: library };
    const { stdout } = await runProgram('console.log(native.features());', {}, { env });
    expect(Number(stdout)).to.equal(loadNative().features() & ~(1 << 4));
  });
});
