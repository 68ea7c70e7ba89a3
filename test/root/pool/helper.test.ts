import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { requires } from '../../support/require.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';

const user = 65_534;

describe('orlop-init', () => {
  requires('privilege', 'addon');
  const temporary = temporaryDirectory();
  const children: ChildProcess[] = [];

  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
  });

  /** As an ordinary user, who must be able to reach the file. */
  function start(command: string, ...args: string[]): ChildProcess {
    const child = spawn(command, args, { uid: user, gid: user, stdio: ['pipe', 'ignore', 'ignore'] });
    children.push(child);
    return child;
  }

  function copy(): string {
    const file = join(temporary(), 'orlop-init');
    copyFileSync('build/Release/orlop-init', file);
    chmodSync(file, 0o755);
    chmodSync(temporary(), 0o755);
    return file;
  }

  const readable = ({ pid }: ChildProcess): boolean =>
    spawnSync('cat', [`/proc/${pid}/environ`], { uid: user, gid: user, stdio: 'ignore' }).status === 0;

  it('cannot be looked into by another process of its user while it waits', async () => {
    const member = start(copy(), 'wait');
    const control = start('/bin/sleep', '1000');
    // A receiver of messages sleeps in the kernel.
    await until('both to sleep', () =>
      [member, control].every(({ pid }) => /^State:\tS/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))),
    );
    expect(readable(control)).to.equal(true);
    expect(readable(member)).to.equal(false);
  });

  it('exits when the other end of its socket is closed', async () => {
    const member = start(copy(), 'wait');
    const exit = once(member, 'exit');
    member.stdin?.end();
    expect(await exit).to.deep.equal([0, null]);
  });

  it('ends at a message that is none', async () => {
    for (const message of [Buffer.alloc(16, 0xff), Buffer.alloc(4096), Buffer.from('x')]) {
      const member = start(copy(), 'wait');
      const exit = once(member, 'exit');
      member.stdin?.on('error', () => {});
      member.stdin?.write(message);
      const [code, signal] = await exit;
      expect(signal).to.equal(null);
      expect(code).to.be.oneOf([0, 127]);
    }
  });

  it('knows no other work', async () => {
    for (const args of [[], ['wait', 'more'], ['something']]) {
      const [code] = await once(start(copy(), ...args), 'exit');
      expect(code).to.equal(2);
    }
  });
});
