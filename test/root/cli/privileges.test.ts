import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { cliPath } from '../../support/cli.ts';
import { withCliStore } from '../../support/cli-store.ts';
import { requires } from '../../support/require.ts';

describe('orlop of a root that lacks capabilities, as in a container', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'cli');
  const store = withCliStore();

  /** Runs a command without these capabilities, as `setpriv` writes them: `-sys_time`. */
  function without(capabilities: string, ...argv: readonly string[]) {
    const drop = [`--bounding-set=${capabilities}`, `--inh-caps=${capabilities}`];
    const command = [process.execPath, cliPath, '--root', store().root, ...argv];
    return spawnSync('setpriv', [...drop, ...command], { encoding: 'utf8', timeout: 120_000 });
  }

  it('gives with ALL what there is, and names what it cannot give', () => {
    const show = ['busybox', 'grep', 'CapEff', '/proc/self/status'];
    const all = without('-wake_alarm,-syslog', 'run', '--rm', '--cap-add', 'ALL', ...show);
    // With those that the machine of the test does not have itself.
    expect(all.stderr).to.match(/^orlop: .* does not hold (CAP_\w+, )*CAP_SYSLOG, CAP_WAKE_ALARM\n$/);
    const set = BigInt(`0x${/CapEff:\s*([0-9a-f]+)/.exec(all.stdout)?.[1]}`);
    expect([21n, 34n, 35n].map((bit) => (set >> bit) & 1n)).to.deep.equal([1n, 0n, 0n]);
    const named = without('-wake_alarm', 'run', '--rm', '--cap-add', 'WAKE_ALARM', ...show);
    expect(named.status).to.equal(125);
    expect(named.stderr).to.match(/does not hold CAP_WAKE_ALARM .*\nhint: .*--cap-drop WAKE_ALARM\n$/);
    // A user other than root gets no capability, so none is missing.
    const user = without('-kill', 'run', '--rm', '-u', '1000', ...show);
    expect(user.stdout).to.match(/^CapEff:\s*0+\n$/);
  });

  it('says which capabilities a container takes', () => {
    const run = without('-net_admin,-mknod', 'run', '--rm', 'host', 'true');
    expect(run.status).to.equal(125);
    expect(run.stderr).to.match(/takes CAP_NET_ADMIN, CAP_MKNOD, which .*\nhint: .*orlop doctor/);
    expect(without('-net_admin', 'run', '--rm', '--network', 'host', 'host', 'true').status).to.equal(0);
  });

  it('says without CAP_SYS_ADMIN, where it has a user namespace, whose store it was named', () => {
    const run = without('-sys_admin', 'run', '--rm', 'busybox', 'true');
    expect(run.status).to.equal(125);
    expect(run.stderr).to.match(/written with all IDs of the machine's root; .*\nhint: run it as root.*--root/);
  });
});
