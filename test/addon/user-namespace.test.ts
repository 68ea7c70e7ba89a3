import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import { childrenOf, processesOf } from '../support/processes.ts';
import { requires } from '../support/require.ts';
import { until } from '../support/temporary.ts';

const map = (index: number) => `0 ${3 * 2 ** 30 + index * 65536} 65536\n`;

describe('a user namespace made ahead', function () {
  this.timeout(60_000);
  requires('addon', 'root');

  // The processes that hold them copy each other's descriptors.
  it('is made beside others, without waiting for them', async () => {
    const native = loadNative();
    const make = async (index: number) => {
      const descriptor = await native.makeUserNamespace(map(index), map(index));
      const name = readlinkSync(`/proc/self/fd/${descriptor}`);
      native.closeSync(descriptor);
      return name;
    };
    const before = childrenOf(process.pid);
    for (let round = 0; round < 20; round++) {
      const names = await Promise.all(Array.from({ length: 16 }, (_, index) => make(index)));
      for (const name of names) expect(name).to.match(/^user:\[\d+\]$/);
    }
    expect(childrenOf(process.pid)).to.deep.equal(before);
  });

  it('leaves no process when the program is killed', async () => {
    const script = `
      import { loadNative } from './ts/native/binding.ts';
      const native = loadNative();
      const make = async (index) => {
        const map = '0 ' + index + ' 1\\n';
        for (;;) native.closeSync(await native.makeUserNamespace(map, map));
      };
      console.log('begins');
      await Promise.all(Array.from({ length: 8 }, (_, index) => make(index)));
    `;
    for (let round = 0; round < 5; round++) {
      const word = `holds-${randomUUID()}`;
      const args = ['--import=tsx', '--input-type=module', '-e', script, word];
      const program = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(program.stdout, 'data');
      await until('two are being made', () => processesOf(word).length > 2);
      program.kill('SIGKILL');
      await until('all processes have ended', () => processesOf(word).length === 0);
    }
  });
});
