import { expect } from 'chai';
import { requires } from '../support/require.ts';
import { type Manager, managers } from './managers.ts';
import { Machine, packed } from './packed.ts';
import { needsTools, tool } from './tools.ts';

describe('the package on a machine with nothing but Node, offline', function () {
  this.timeout(120_000);
  requires('root', 'overlay');
  const all: readonly Manager[] = Object.values(managers);
  needsTools(...new Set(all.flatMap((manager) => [manager.tool, manager.node])));
  const tarball = packed();

  for (const [what, manager] of Object.entries(managers)) {
    it(`is installed by ${what} and starts a container in one more command`, () => {
      const machine = new Machine(tarball().directory, tool(manager.node));
      const messages = machine.install(manager, tarball().file);
      expect(messages, 'a script was wanted').to.not.match(/node-gyp|build scripts|must be built/i);
      const inside = 'echo hi > /test/f; cat /test/f';
      expect(machine.orlop(manager, 'run', '--rm', '-v', '/test', 'host', 'sh', '-c', inside)).to.equal('hi\n');
      const { checks } = JSON.parse(machine.orlop(manager, 'doctor', '--format', 'json'));
      const addon = checks.find(({ name }: { name: string }) => name === 'addon');
      expect(addon.detail).to.match(/\/orlop\/prebuilds\/linux-\w+\/orlop\.glibc\.node$/);
    });
  }
});
