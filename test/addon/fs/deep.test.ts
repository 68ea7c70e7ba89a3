import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { makeDeep, runWithFewDescriptors } from '../../support/trees.ts';

describe('a tree of 4,100 levels', () => {
  requires('addon');
  const temporary = temporaryDirectory('/dev/shm'); // in memory, since disks take long to make so many directories

  it('is counted, copied, compared and removed with 300 descriptors', () => {
    mkdirSync(join(temporary(), 'tree'));
    makeDeep(join(temporary(), 'tree'), 4100);
    const output = runWithFewDescriptors(
      temporary(),
      300,
      `fs.mkdirSync('copy');
       const [here, tree, copy] = ['.', 'tree', 'copy'].map((name) => fs.openSync(name));
       try {
         await native.copyTree(tree, copy);
         console.log((await native.treeSize(tree)).entries, (await native.treeSize(copy)).entries);
         console.log(await native.diff(tree, copy, 'trusted'));
         fs.writeFileSync('copy/new', '');
         console.log(await native.diff(copy, tree, 'trusted'));
       } finally {
         await native.removeTree(here, 'tree');
         await native.removeTree(here, 'copy');
       }`,
    );
    expect(output).to.equal("4100 4100\n[]\n[ { kind: 'A', path: '/new' } ]\n");
    expect(readdirSync(temporary())).to.deep.equal([]);
  });
});
