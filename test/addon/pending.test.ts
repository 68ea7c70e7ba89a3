import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmdirSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import type { Change, Native } from '../../ts/native/contract.ts';
import { launchPlan } from '../support/launch.ts';
import { requires, requiresIn } from '../support/require.ts';
import { cgroup2, hold, newChildren, plainPlan, start, started, startTimeOf, waitsForPipe } from '../support/starts.ts';
import { temporaryDirectory, until } from '../support/temporary.ts';

describe('starts under way', function () {
  this.timeout(120_000);
  requires('addon', 'root');
  const directory = temporaryDirectory();
  let native: Native;
  before(() => {
    native = loadNative();
  });

  it('tell an application that ended at once from a child that was killed before it was one', async () => {
    for (let i = 0; i < 100; ++i) {
      const result = await start(native, { argv: ['/bin/false'] });
      expect(await native.wait(started(result))).to.include({ code: 1, signal: null });
    }
    const held = await hold(native);
    process.kill(held.pid, 'SIGKILL');
    const result = await held.pending;
    held.close();
    expect(result).to.deep.include({ process: null, failure: null, died: { code: null, signal: 9 } });
  });

  it('are cancelled by their token, and no other with them', async () => {
    const children = newChildren();
    const [first, second] = [await hold(native), await hold(native)];
    native.cancel({});
    native.cancel(first.token);
    expect(await first.pending).to.deep.include({ process: null, failure: null, died: { code: null, signal: 9 } });
    expect(children()).to.deep.equal([second.pid]);
    second.open();
    expect(await native.wait(started(await second.pending))).to.include({ code: 0, signal: null });
    for (const held of [first, second]) held.close();
  });

  it('keep no descriptor of the caller, when they make their mounts themselves, but those they need', async () => {
    const descriptors = (pid: number) => new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
    const mine = native.pipe();
    const held = await hold(native);
    const kept = await until('the child to close what it does not need', () => {
      const all = descriptors(held.pid);
      return mine.some((end) => all.has(end)) ? undefined : all;
    });
    // Standard streams, the gate, the host's mounts, and what tells it of its parent's end.
    expect(kept.size).to.be.within(3, 8);
    held.open();
    await native.wait(started(await held.pending));
    held.close();
    for (const end of mine) native.closeSync(end);
  });

  it('keep not even one descriptor of the caller between two that they need', async () => {
    await native.wait(started(await start(native, { argv: ['/bin/true'] })));
    const foreign = join(directory(), 'foreign');
    writeFileSync(foreign, '');
    const [gate, open] = native.pipe();
    const opened: number[] = [];
    const apart = () => (opened.at(-1) ?? 0) - (opened.at(-3) ?? -9);
    while (apart() !== 2) opened.push(openSync(foreign, 'r'));
    // What is needed gets the lowest free numbers: these two, with one between them.
    const needed = [opened.at(-3) ?? -1, opened.at(-1) ?? -1];
    for (const number of needed) closeSync(number);
    const children = newChildren();
    const pending = start(native, {
      argv: ['/bin/true'],
      supplied: ['gate', 'stdin'],
      descriptors: [gate, gate],
      steps: [
        { op: 'parent-death', signal: 9 },
        { op: 'barrier', gate: 0 },
      ],
    });
    const pid = await until('a child at the gate', () => children().find(waitsForPipe));
    const links = new Map(readdirSync(`/proc/${pid}/fd`).map((name) => [Number(name), linkOf(pid, name)]));
    expect(needed.map((number) => links.get(number)?.split(':')[0])).to.deep.equal(['pipe', 'pipe']);
    expect([...links.values()]).not.to.include(foreign);
    writeSync(open, 'x');
    await native.wait(started(await pending));
    for (const number of opened.filter((one) => !needed.includes(one))) closeSync(number);
    for (const end of [gate, open]) native.closeSync(end);
  });

  it('signal no process when they are cancelled after the clone was refused', async function () {
    requiresIn(this, 'root', 'cgroup-v2');
    const unfit = unfitCgroup();
    const other = spawn('/bin/sleep', ['600'], { stdio: 'ignore' });
    const ended = once(other, 'exit');
    const [read, write] = native.pipe();
    const cgroup = openSync(unfit.path, 'r');
    try {
      const token = {};
      const plan = plainPlan({ argv: ['/bin/true'], supplied: ['gate'] });
      const refused = launchPlan(native, plan, { descriptors: [write], group: { cgroup, limits: [] }, token }).catch(
        (error: unknown) => error,
      );
      native.closeSync(write);
      // The end of the pipe: by then the start has failed, and its failure is not reported yet.
      expect(readSync(read, Buffer.alloc(1))).to.equal(0);
      const time = startTimeOf(other.pid ?? 0);
      // One of these gets the number that the pidfd would have had.
      const waiting = Array.from({ length: 16 }, () => native.waitOther(other.pid ?? 0, time));
      native.cancel(token);
      other.kill('SIGTERM');
      expect(await ended).to.deep.equal([null, 'SIGTERM']);
      expect(await refused).to.include({ code: 'ENOTSUP', syscall: 'clone' });
      await Promise.all(waiting);
    } finally {
      other.kill('SIGKILL');
      native.closeSync(read);
      closeSync(cgroup);
      unfit.remove();
    }
  });

  it('are settled when they are cancelled before they are cloned', async () => {
    const token = {};
    const pending = start(native, { argv: ['/bin/sleep', '600'], token });
    native.cancel(token);
    const { died, process: child } = await pending;
    if (child === null) expect(died).to.deep.equal({ code: null, signal: 9 });
    else expect(await native.wait(child), 'cancelled between execve and its report').to.include({ signal: 9 });
  });

  it('are settled when they are cancelled while their container is made, before they are cloned', async () => {
    const [made, pipe] = [join(directory(), 'made'), join(directory(), 'pipe')];
    execFileSync('mkfifo', [pipe]);
    const token = {};
    const created: Change[] = [
      ['mkdir', made, 0o700],
      // It waits for a reader.
      ['write', pipe, 'x', 0o600],
    ];
    const pending = launchPlan(native, plainPlan({ argv: ['/bin/sleep', '600'] }), { created, create: true, token });
    await until('the changes before the clone', () => existsSync(made));
    native.cancel(token);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const { died, process: child } = await pending;
    closeSync(reader);
    if (child !== null) native.kill(child, 9);
    expect([child, died]).to.deep.equal([null, { code: null, signal: 9 }]);
  });

  it('may be fifty at once and a thousand in all, and leave no descriptor, thread or zombie', async () => {
    const children = newChildren();
    const round = async () => {
      const results = await Promise.all(Array.from({ length: 50 }, () => start(native, { argv: ['/bin/true'] })));
      const exits = await Promise.all(results.map((result) => native.wait(started(result))));
      expect(exits.every(({ code }) => code === 0)).to.equal(true);
    };
    await round();
    const before = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 19; ++i) await round();
    // The reaper closes the descriptor of a process after it has reported the exit.
    await until('the descriptors are as before', () => readdirSync('/proc/self/fd').length <= before);
    expect(children()).to.deep.equal([]);
    expect(threadsNamed('orlop-launch')).to.be.within(1, 64);
    expect(threadsNamed('orlop-reap')).to.equal(1);
    expect(threadsNamed('orlop-help')).to.equal(0);
  });

  it('are served while as many as the half of all threads hang', async () => {
    const hanging = [];
    for (let i = 0; i < 32; ++i) hanging.push(await hold(native));
    expect(await native.wait(started(await start(native, { argv: ['/bin/true'] })))).to.include({
      code: 0,
      signal: null,
    });
    for (const held of hanging) native.cancel(held.token);
    const results = await Promise.all(hanging.map(({ pending }) => pending));
    expect(results.every(({ died }) => died?.signal === 9)).to.equal(true);
    for (const held of hanging) held.close();
  });
});

function linkOf(pid: number, descriptor: string): string {
  return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
}

/** A version 2 cgroup that takes no process: in one with threads, it has not become such a one itself. */
function unfitCgroup(): { path: string; remove(): void } {
  const parent = mkdtempSync(join(cgroup2(), 'orlop-test-'));
  const [threaded, unfit] = [join(parent, 'threaded'), join(parent, 'unfit')];
  for (const path of [threaded, unfit]) mkdirSync(path);
  writeFileSync(join(threaded, 'cgroup.type'), 'threaded');
  const remove = () => {
    for (const path of [threaded, unfit, parent]) rmdirSync(path);
  };
  return { path: unfit, remove };
}

function threadsNamed(name: string): number {
  return readdirSync('/proc/self/task').filter((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, 'utf8') === `${name}\n`;
    } catch {
      return false; // it has ended
    }
  }).length;
}
