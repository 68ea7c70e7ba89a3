import { closeSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { removeNested } from '../../../ts/cgroups/nested.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('cgroups that a container has made', () => {
  const directory = temporaryDirectory();

  it('are removed, however deep, without those that are in use', async () => {
    mkdirSync(join(directory(), 'a/b/c'), { recursive: true });
    mkdirSync(join(directory(), 'used/d'), { recursive: true });
    // A file stands for a process: a directory of another file system cannot be removed with it.
    writeFileSync(join(directory(), 'used/cgroup.procs'), '');
    await removeNested(directory());
    expect(readdirSync(directory())).to.deep.equal(['used']);
    expect(readdirSync(join(directory(), 'used'))).to.deep.equal(['cgroup.procs']);
  });

  it('are removed although no path is long enough', async () => {
    const name = 'n'.repeat(255);
    const opened = [openSync(directory(), 'r')];
    for (let depth = 0; depth < 40; depth++) {
      const path = `/proc/self/fd/${opened.at(-1)}/${name}`;
      mkdirSync(path);
      opened.push(openSync(path, 'r'));
    }
    for (const descriptor of opened) closeSync(descriptor);
    await removeNested(directory());
    expect(readdirSync(directory())).to.deep.equal([]);
  });
});
