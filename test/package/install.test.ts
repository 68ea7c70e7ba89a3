import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { requires } from '../support/require.ts';
import { Machine, packed } from './packed.ts';
import { needsTools, tool } from './tools.ts';

const managers = [
  ['npm 11 under Node 20', 'npm11', 'node20'],
  ['npm 12 under Node 24', 'npm12', 'node24'],
  ['pnpm 10 under Node 22', 'pnpm10', 'node22'],
] as const;

describe('the package on a machine with nothing but Node, offline and without install scripts', function () {
  this.timeout(120_000);
  requires('root', 'overlay');
  needsTools('npm11', 'npm12', 'pnpm10', 'node20', 'node22', 'node24');
  const tarball = packed();

  for (const [what, manager, node] of managers) {
    it(`is installed by ${what} and starts a container in one more command`, () => {
      const machine = new Machine(tarball().directory, tool(node));
      machine.install(manager, tarball().file);
      const installed = join(machine.project, 'node_modules/orlop');
      expect(existsSync(join(installed, 'build')), 'something was built').to.equal(false);
      const archive = join(installed, 'prebuilds', `linux-${process.arch}`, 'orlop-archive');
      expect(statSync(archive).mode & 0o111).to.equal(0o111);
      // pnpm's node_modules/.bin is a shell script, and that needs sed.
      const command = manager === 'pnpm10' ? 'node node_modules/orlop/dist/cli/orlop.cjs' : 'node_modules/.bin/orlop';
      const inside = 'echo hi > /test/f; cat /test/f';
      const output = machine.run('sh', '-c', `${command} run --rm -v /test host sh -c '${inside}'`);
      expect(output).to.equal('hi\n');
    });
  }
});
