import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { heeds, identify, isAlive, ownIdentity, parseStat } from '../../../ts/linux/proc.ts';

describe('process identities', () => {
  it('are read behind a name that holds spaces and parentheses', () => {
    const line = '42 (a) S 7) R 7 1 1 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 987654321 1 2';
    expect(parseStat(line)).to.deep.equal({
      state: 'R',
      parent: 7,
      startTime: '987654321',
      cpuTicks: 3,
      terminal: null,
    });
    const terminal = (device: number) => parseStat(line.replace('1 1 0 -1', `1 1 ${device} -1`))?.terminal;
    expect([34_816, 34_821, 1025, 1089, 1281].map(terminal)).to.deep.equal(['pts/0', 'pts/5', 'tty1', 'ttyS1', '5:1']);
    expect(parseStat('')).to.equal(null);
    expect(parseStat('42 (x) R')).to.equal(null);
  });

  it('tell a live process from a dead one and from another of the same number', async () => {
    const self = await ownIdentity();
    expect(self.pid).to.equal(process.pid);
    expect(await isAlive(self)).to.equal(true);
    expect(await isAlive({ ...self, startTime: `${BigInt(self.startTime) + 1n}` })).to.equal(false);
    expect(await isAlive({ ...self, boot: 'another' })).to.equal(false);
    const child = spawn('sleep', ['1000']);
    await once(child, 'spawn');
    const identity = await identify(child.pid ?? 0);
    if (identity === null) throw new Error('the child is not in /proc');
    expect(await isAlive(identity)).to.equal(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await isAlive(identity)).to.equal(false);
    expect(await identify(child.pid ?? 0)).to.equal(null);
  });

  it('are not taken for dead where nobody can look', () => {
    const script = `
      import { closeSync, openSync } from 'node:fs';
      import { bootId, isAlive, ownIdentity } from './ts/linux/proc.ts';
      const open = [];
      const fill = () => {
        try {
          for (;;) open.push(openSync('/dev/null', 'r'));
        } catch {}
      };
      const answer = async () => isAlive(await ownIdentity()).catch((error) => error.code);
      fill();
      const first = await ownIdentity().catch((error) => error.code);
      await bootId().catch(() => {});
      for (const descriptor of open.splice(0)) closeSync(descriptor);
      const alive = await answer();
      fill();
      console.log(JSON.stringify([first, alive, await answer()]));`;
    const argv = [process.execPath, '--import=tsx', '--input-type=module', '-e', script];
    // The loader of TypeScript may need some; what is looked at needs one.
    const output = execFileSync('sh', ['-c', 'ulimit -n 100; exec "$@"', 'sh', ...argv], { encoding: 'utf8' });
    expect(JSON.parse(output)).to.deep.equal(['EMFILE', true, 'EMFILE']);
  });

  it('say which signals a process has a handler for, or waits for', async () => {
    const [int, term] = [2, 15];
    const child = spawn('sh', ['-c', `trap 'echo got' INT; echo ready; read line`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await once(child.stdout, 'data');
      expect(heeds(child.pid ?? 0, int)).to.equal(true);
      expect(heeds(child.pid ?? 0, term)).to.equal(false);
    } finally {
      child.kill('SIGKILL');
    }
    await once(child, 'exit');
    expect(heeds(child.pid ?? 0, term), 'of one that is gone').to.equal(true);
  });

  it('of another PID namespace count as alive', async () => {
    expect(await isAlive({ ...(await ownIdentity()), pid: 1 << 30, namespace: 'pid:[1]' })).to.equal(true);
  });
});
