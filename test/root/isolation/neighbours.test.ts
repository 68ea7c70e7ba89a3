import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';

/** Takes what the kernel counts for a user, also for the one who made the user namespace. */
const takeAll = `
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
def count(take):
    taken = 0
    while taken < 500000 and take(taken) >= 0: taken += 1
    return taken
def timer(_):
    event = (ctypes.c_int * 16)(0, 0, 34, 0)
    return libc.syscall(222, 1, event, ctypes.byref(ctypes.c_int()))
print(count(timer), count(lambda _: libc.inotify_init()), count(lambda n: libc.syscall(240, b'q%d' % n, 0o102, 0o600, None)), flush=True)
time.sleep(600)
`;

/** The same, once each. */
const takeOne = `
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
event = (ctypes.c_int * 16)(0, 0, 34, 0)
timer = libc.syscall(222, 1, event, ctypes.byref(ctypes.c_int()))
print(timer >= 0, libc.inotify_init() >= 0, libc.syscall(240, b'orlop-test', 0o102, 0o600, None) >= 0, libc.syscall(241, b'orlop-test') >= 0)
`;

describe('code in a sandbox', function () {
  this.timeout(60_000);
  requires('root', 'x64', 'addon', 'archive', 'overlay', 'userns');
  const fixture = withOrlop();

  it('leaves root of the machine timers, watchers of files and queues, and has some', async () => {
    const host = () => spawnSync('python3', ['-c', takeOne], { encoding: 'utf8' }).stdout;
    expect(host()).to.equal('True True True True\n');
    const controller = new AbortController();
    let left = '';
    const outcome = await fixture().orlop.sandbox('host', ['python3', '-c', takeAll], {
      timeout: 50_000,
      signal: controller.signal,
      onStdout: () => {
        left = host();
        controller.abort();
      },
    });
    expect(left, outcome.stderr).to.equal('True True True True\n');
    const [timers = 0, watchers = 0, queues = 0] = outcome.stdout.split(' ').map(Number);
    expect(timers).to.be.within(100, 1024);
    expect(watchers).to.be.within(10, 32);
    expect(queues).to.be.within(1, 10);
  });
});
