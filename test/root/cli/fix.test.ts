import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { cliPath } from '../../support/cli.ts';
import { requires } from '../../support/require.ts';

// AppArmor is in test/vm.
describe('orlop doctor --fix', function () {
  this.timeout(120_000);
  requires('root', 'addon', 'cli');

  /** Executes commands where `/usr/local` is an empty directory of root, in a mount namespace of their own. */
  function elsewhere(script: string): string {
    const prepared = `mount -t tmpfs -o mode=755 tmpfs /usr/local; fix() { "$NODE" -- "$CLI" doctor --fix; }; umask 077\n${script}`;
    const run = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', prepared], {
      encoding: 'utf8',
      env: { ...process.env, NODE: process.execPath, CLI: cliPath },
      timeout: 120_000,
    });
    expect(run.status, run.stderr).to.equal(0);
    return run.stdout;
  }

  const path = '/usr/local/libexec/orlop/orlop-launcher';
  const own = 'build/Release/orlop-launcher';

  it('installs the launcher of the package as a file of root, once', () => {
    const shown = elsewhere(
      `fix; stat -c '%u %g %a' ${path} /usr/local/libexec; cmp ${path} ${own}; ls /usr/local/libexec/orlop; fix`,
    );
    expect(shown).to.match(/^ {2}install .*orlop-launcher, owned by root, mode 755$/m);
    expect(shown).to.match(/^done: installed .*\n0 0 755\n0 0 755\norlop-launcher\n/m);
    expect(shown).to.match(/nothing is left to fix\n$/);
  });

  it('replaces one of another version, whose file a program may be executing', () => {
    const shown = elsewhere(`
      mkdir -p $(dirname ${path}); cp /bin/sleep ${path}; chmod 4777 ${path}
      ${path} 100 & until [ "$(readlink /proc/$!/exe)" = ${path} ]; do :; done
      "$NODE" -- "$CLI" doctor | grep -A1 ' orlop-launcher ' || true
      chmod 755 ${path}; "$NODE" -- "$CLI" doctor | grep -A1 ' orlop-launcher ' || true
      chmod 755 /usr/local/libexec /usr/local/libexec/orlop; fix; kill $!
      cmp ${path} ${own}; "$NODE" -- "$CLI" doctor | grep ' orlop-launcher '`);
    expect(shown).to.match(
      /^warn .*can be written by others than root: the one of the package is used\n.*doctor --fix/,
    );
    expect(shown).to.match(/^warn .*another version: the one of the package is used\n.*doctor --fix/m);
    expect(shown).to.match(/^ok .*\/usr\/local\/libexec\/orlop\/orlop-launcher\n$/m);
  });

  it('installs nothing where others than root may write', () => {
    const shown = elsewhere(`chmod 777 /usr/local; fix 2>&1 || echo "status $?"; find /usr/local -type f`);
    expect(shown).to.match(/'\/usr\/local' can be written by others than root\nhint: .*\nstatus 125\n$/);
  });
});
