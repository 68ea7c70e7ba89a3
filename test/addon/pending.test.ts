import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import type { Native } from '../../ts/native/contract.ts';
import { requires } from '../support/require.ts';
import { hold, newChildren, start, started } from '../support/starts.ts';
import { until } from '../support/temporary.ts';

describe('starts under way', function () {
  this.timeout(120_000);
  requires('addon', 'root');
  let native: Native;
  before(() => {
    native = loadNative();
  });

  it('tell an application that ended at once from a child that was killed before it was one', async () => {
    for (let i = 0; i < 100; ++i) {
      const result = await start(native, { argv: ['/bin/false'] });
      expect(await native.wait(started(result))).to.deep.equal({ code: 1, signal: null });
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
    expect(await native.wait(started(await second.pending))).to.deep.equal({ code: 0, signal: null });
    for (const held of [first, second]) held.close();
  });

  it('keep no descriptor of the caller, when they make their trees themselves, but those they need', async () => {
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

  it('are settled when they are cancelled before they are cloned', async () => {
    const token = {};
    const pending = start(native, { argv: ['/bin/sleep', '600'], token });
    native.cancel(token);
    const { died, process: child } = await pending;
    if (child === null) expect(died).to.deep.equal({ code: null, signal: 9 });
    else expect(await native.wait(child), 'cancelled between execve and its report').to.include({ signal: 9 });
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
    expect(readdirSync('/proc/self/fd').length).to.equal(before);
    expect(children()).to.deep.equal([]);
    expect(threadsNamed('orlop-launch')).to.be.within(1, 64);
    expect(threadsNamed('orlop-reap')).to.equal(1);
    expect(threadsNamed('orlop-help')).to.equal(0);
  });

  it('are served while as many as the half of all threads hang', async () => {
    const hanging = [];
    for (let i = 0; i < 32; ++i) hanging.push(await hold(native));
    expect(await native.wait(started(await start(native, { argv: ['/bin/true'] })))).to.deep.equal({
      code: 0,
      signal: null,
    });
    for (const held of hanging) native.cancel(held.token);
    const results = await Promise.all(hanging.map(({ pending }) => pending));
    expect(results.every(({ died }) => died?.signal === 9)).to.equal(true);
    for (const held of hanging) held.close();
  });
});

function threadsNamed(name: string): number {
  return readdirSync('/proc/self/task').filter((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, 'utf8') === `${name}\n`;
    } catch {
      return false; // it has ended
    }
  }).length;
}
