import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { cliPath } from '../../support/cli.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

interface Check {
  readonly name: string;
  readonly status: string;
  readonly detail: string;
}

describe('what doctor tries', function () {
  this.timeout(120_000);
  requires('root', 'addon', 'cli', 'overlay', 'userns');
  const directory = temporaryDirectory();
  const parts = ['mounts', 'overlayfs', 'procfs', 'network', 'seccomp'];

  /** Checks of the parts, after a script in namespaces of its own. */
  function checks(namespaces: readonly string[], script: string): Readonly<Record<string, Check>> {
    const doctor = `"$NODE" -- "$CLI" --root "$PWD/store" doctor --format json || true`;
    const run = spawnSync('unshare', [...namespaces, '--mount', 'sh', '-ec', `${script}\n${doctor}`], {
      encoding: 'utf8',
      cwd: directory(),
      env: { ...process.env, NODE: process.execPath, CLI: cliPath },
      timeout: 120_000,
    });
    expect(run.status, run.stderr).to.equal(0);
    const all: { readonly checks: readonly Check[] } = JSON.parse(run.stdout);
    return Object.fromEntries(all.checks.map((check) => [check.name, check]));
  }

  function failing(found: Readonly<Record<string, Check>>): readonly string[] {
    expect(found).to.include.keys(parts);
    return parts.filter((name) => found[name]?.status !== 'ok');
  }

  it('works as root, and leaves nothing behind', () => {
    const found = checks([], 'true');
    expect(failing(found)).to.deep.equal([]);
    expect(found['id map']?.status).to.equal(process.env.ORLOP_FEATURES === '0' ? 'warn' : 'ok');
    expect(spawnSync('ls', ['-A', directory()], { encoding: 'utf8' }).stdout).to.equal('');
  });

  it('works in a user namespace, and leaves nothing behind', () => {
    const found = checks(['--user', '--map-root-user'], 'true');
    expect(failing(found)).to.deep.equal([]);
    expect(found).not.to.have.property('id map');
    expect(spawnSync('ls', ['-A', directory()], { encoding: 'utf8' }).stdout).to.equal('');
  });

  it('finds that a part of /proc is covered, as in a container', () => {
    const found = checks(['--user', '--map-root-user'], 'mount --bind /dev/null /proc/version');
    expect(failing(found)).to.deep.equal(['procfs']);
    expect(found.procfs?.detail).to.match(/^EPERM/);
  });

  it('finds that the file system of the store takes no upper directory', () => {
    const found = checks(
      [],
      `mount -t tmpfs tmpfs .; mkdir lower upper work; mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay .; cd "$PWD"`,
    );
    expect(failing(found)).to.deep.equal(['overlayfs']);
    expect(found.overlayfs?.detail).to.match(/^EINVAL/);
    expect(found['id map']?.status).to.equal('warn');
  });

  it('finds that the limit of network namespaces is reached', () => {
    const found = checks(['--user', '--map-root-user'], 'echo 0 > /proc/sys/user/max_net_namespaces');
    expect(failing(found)).to.deep.equal(['network']);
    expect(found.network?.detail).to.match(/^ENOSPC/);
  });

  it('finds that the store cannot be written', () => {
    const found = checks([], 'mount --bind . .; mount -o remount,bind,ro .; cd "$PWD"');
    expect(failing(found)).to.deep.equal(['overlayfs']);
    expect(found.overlayfs?.detail).to.match(/^EROFS/);
  });
});
