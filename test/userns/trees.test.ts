import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { addonFile } from '../support/addon.ts';
import { requires } from '../support/require.ts';
import { temporaryDirectory } from '../support/temporary.ts';

describe('file trees in a user namespace', () => {
  requires('addon', 'userns', 'overlay');
  const temporary = temporaryDirectory();

  /** Runs a script, then a program with the addon as `native`, as root of a user namespace with mounts of its own. */
  function run(script: string, program: string): unknown {
    const file = join(temporary(), 'program.cjs');
    writeFileSync(
      file,
      `const native = require(${JSON.stringify(addonFile)});
       const fs = require('node:fs');
       const { join } = require('node:path');
       (async () => { ${program} })().then((result) => console.log(JSON.stringify(result)));`,
    );
    const argv = ['--user', '--map-root-user', '--mount', 'sh', '-euc', `${script}\nexec "$0" "$1"`];
    const output = execFileSync('unshare', [...argv, process.execPath, file], { cwd: temporary(), encoding: 'utf8' });
    return JSON.parse(output);
  }

  const overlay = `mkdir -p lower/a lower/b extra upper work merged; echo 1 >lower/a/f; echo 2 >lower/b/g
    mount -t overlay orlop -o lowerdir=lower,upperdir=upper,workdir=work,userxattr merged
    rm -r merged/a merged/b/g; mkdir merged/a; echo x >merged/a/n; umount merged`;
  const view = `const view = await native.openView(['lower', 'extra'].map((name) => join(process.cwd(), name)), 'user');`;

  for (const [way, features] of [
    ['', 0xffffffff],
    [' the way of older kernels', 0],
  ] as const) {
    it(`compares an upper directory whose marks are user.overlay.*${way}`, () => {
      const changes = run(
        // The kernel leaves a work directory of mode 0, which its owner cannot enter.
        `${overlay}\nchmod 700 work/work`,
        `native.limitFeatures(${features}); ${view} return native.diff(fs.openSync('upper'), view, 'user')`,
      );
      expect(changes).to.deep.equal([
        { kind: 'C', path: '/a' },
        { kind: 'D', path: '/a/f' },
        { kind: 'A', path: '/a/n' },
        { kind: 'C', path: '/b' },
        { kind: 'D', path: '/b/g' },
      ]);
    });

    it(`copies what a view shows, and removes it with the work directory${way}`, () => {
      const result = run(
        overlay,
        `native.limitFeatures(${features}); ${view}
         fs.mkdirSync('copy');
         await native.copyTree(view, fs.openSync('copy'));
         const size = await native.treeSize(fs.openSync('copy'));
         for (const name of ['copy', 'work']) await native.removeTree(fs.openSync('.'), name);
         return [size, fs.readdirSync('.').filter((name) => name !== 'program.cjs')];`,
      );
      expect(result).to.deep.equal([{ bytes: 4, entries: 4 }, ['extra', 'lower', 'merged', 'upper']]);
    });
  }
});
