import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import type { Native } from '../../ts/native/contract.ts';
import { requires } from '../support/require.ts';
import { plainPlan, runProgram, start, started, startTimeOf, statOf } from '../support/starts.ts';
import { temporaryDirectory, until } from '../support/temporary.ts';

describe('the end of a process', () => {
  requires('addon', 'root');
  let native: Native;
  before(() => {
    native = loadNative();
  });

  it('is reported with its exit status or its signal', async () => {
    const wait = async (script: string) =>
      native.wait(started(await start(native, { argv: ['/bin/sh', '-c', script] })));
    expect(await wait('exit 0')).to.include({ code: 0, signal: null });
    expect(await wait('exit 255')).to.include({ code: 255, signal: null });
    expect(await wait('kill -TERM $$')).to.include({ code: null, signal: 15 });
  });

  it('is reported to all callers that wait, before it and after it', async () => {
    const child = started(await start(native, { argv: ['/bin/sleep', '600'] }));
    const early = [native.wait(child), native.wait(child)];
    expect(native.kill(child, 15)).to.equal(true);
    const told = await Promise.all(early);
    expect([...told, await native.wait(child)].map(({ signal }) => signal)).to.deep.equal([15, 15, 15]);
  });

  it('is reaped when no caller waits', async () => {
    const child = started(await start(native, { argv: ['/bin/true'] }));
    await until('no zombie', () => statOf(child.pid) === undefined);
    await until('the end to be known', () => !native.kill(child, 9));
    expect(await native.wait(child)).to.include({ code: 0, signal: null });
  });

  it('can be caused by a signal until it has come', async () => {
    const child = started(await start(native, { argv: ['/bin/sleep', '600'] }));
    expect(native.kill(child, 0)).to.equal(true);
    expect(() => native.kill(child, 4000))
      .to.throw()
      .with.property('code', 'EINVAL');
    native.kill(child, 9);
    await native.wait(child);
    expect(native.kill(child, 9)).to.equal(false);
  });

  it('cannot be asked of what is not a process of ours', () => {
    for (const foreign of [{ pid: 1 }, null, 7]) {
      expect(() => native.wait(foreign as never)).to.throw(TypeError, 'not a process');
      expect(() => native.kill(foreign as never, 0)).to.throw(TypeError, 'not a process');
    }
  });
});

/** Makes a program ignore SIGCHLD, whatever it does itself: the kernel then throws the status of every child away. */
const ignoring = `
  #define _GNU_SOURCE
  #include <dlfcn.h>
  #include <signal.h>
  int sigaction(int number, const struct sigaction* action, struct sigaction* before) {
    int (*real)(int, const struct sigaction*, struct sigaction*) = dlsym(RTLD_NEXT, "sigaction");
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    return real(number, number == SIGCHLD && action ? &ignored : action, before);
  }
  __attribute__((constructor)) static void begin(void) { signal(SIGCHLD, SIG_IGN); }
`;

describe('the exit of a process in a program that lets no thread wait', () => {
  requires('addon', 'root');
  const directory = temporaryDirectory();

  it('is an error that says so, and no wait without end', async () => {
    const library = join(directory(), 'ignoring.so');
    execFileSync('gcc', ['-shared', '-fPIC', '-x', 'c', '-o', library, '-', '-ldl'], { input: ignoring });
    const { stdout } = await runProgram(
      `const { process: child } = await start('some');
       await native.wait(child).catch((error) => console.log(error.code, error.message));`,
      { some: plainPlan({ argv: ['/bin/sh', '-c', 'exit 3'] }) },
      { env: { LD_PRELOAD: library } },
    );
    expect(stdout).to.match(/^ECHILD ECHILD: how process \d+ ended is not known: .* ignores SIGCHLD\n$/);
  });
});

describe('a process that another program started', () => {
  requires('addon', 'root');

  it('is waited for and signalled by its number and its start time', async () => {
    const native = loadNative();
    const other = spawn('/bin/sleep', ['600'], { stdio: 'ignore' });
    const pid = other.pid ?? 0;
    const time = startTimeOf(pid);
    const wrong = `${BigInt(time) + 1n}`;
    const ended = native.waitOther(pid, time);
    expect(native.killOther(pid, time, 0)).to.equal(true);
    expect(native.killOther(pid, wrong, 9)).to.equal(false);
    expect(await native.waitOther(pid, wrong)).to.equal(false);
    expect(native.killOther(pid, time, 15)).to.equal(true);
    expect(await ended).to.equal(true);
    await until('the process to be reaped', () => statOf(pid) === undefined);
    expect(await native.waitOther(pid, time)).to.equal(false);
    expect(native.killOther(pid, time, 15)).to.equal(false);
  });

  it('is not taken from half a number', () => {
    const native = loadNative();
    for (const [pid, time] of [
      [0, '1'],
      [-1, '1'],
      [1, '1x'],
      [1, ''],
      [1, '-1'],
      [2 ** 32 + 1, '1'],
    ] as const) {
      expect(() => native.killOther(pid, time, 0)).to.throw(TypeError);
      expect(() => native.waitOther(pid, time)).to.throw(TypeError);
    }
  });
});
