import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { busyboxArchive } from '../../support/busybox.ts';
import { removeAll, withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';

/** Root of a container has Docker's capabilities, of which CAP_SYS_ADMIN is none. */
describe('root without CAP_SYS_ADMIN', function () {
  this.timeout(120_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox', 'userns');
  let directory = '';
  before(() => {
    directory = mkdtempSync('/var/tmp/orlop-test-');
    busyboxArchive(directory);
  });
  after(() => removeAll(directory));

  /** Command of a program that prints the error that ends it. */
  function node(body: string): string[] {
    const program = `
      import { Orlop } from ${JSON.stringify(join(process.cwd(), 'ts/index.ts'))};
      const store = (name) => ({ root: '${directory}/' + name, run: '${directory}/run-' + name });
      try {
        ${body}
      } catch (error) {
        console.log(error.code, error.message, error.hint);
      }`;
    return [process.execPath, '--import=tsx', '--input-type=module', '--eval', program];
  }

  /** Runs a program with fewer capabilities. */
  function bounded(without: string, body: string) {
    const set = `--bounding-set=${without}`;
    const { stdout, stderr } = spawnSync('setpriv', [set, '--inh-caps=-all', ...node(body)], { encoding: 'utf8' });
    expect(stderr).to.equal('');
    return stdout;
  }

  it('makes containers in a user namespace, with the IDs that it has', () => {
    const output = bounded(
      '-sys_admin',
      `
      const orlop = await Orlop.open(store('same'));
      await orlop.images.import('${directory}/busybox.tar', { reference: 'busybox' });
      const script = 'cat /proc/self/uid_map; rm /etc/passwd; chown 5:6 /v; id -u; touch /v/f';
      const container = await orlop.create('busybox', ['sh', '-c', script], { volumes: ['kept:/v'] });
      const running = await container.start({ stdout: 'pipe', stderr: 'inherit' });
      let text = '';
      for await (const chunk of running.stdout) text += chunk;
      const { exitCode } = await running.exited;
      console.log(text.split(/\\s+/).filter(Boolean).join(' '), exitCode);
      console.log(JSON.stringify(await container.diff()));
      console.log(orlop.isolation.user.holds, orlop.isolation.user.detail);`,
    );
    const [ids, changes, user] = output.trim().split('\n');
    expect(ids).to.equal('0 0 4294967295 0 0');
    expect(changes).to.include('/etc/passwd');
    expect(user).to.match(/^false .*container around/);
    const { uid, gid } = statSync(join(directory, 'same/volumes/kept/_data'));
    expect([uid, gid]).to.deep.equal([5, 6]);
  });

  it('has one ID without the capabilities to change IDs, and says so', () => {
    const output = bounded(
      '-sys_admin,-setuid',
      `
      const orlop = await Orlop.open(store('one'));
      await orlop.images.import('${directory}/busybox.tar', { reference: 'busybox' });
      const { stdout } = await orlop.run('busybox', ['cat', '/proc/self/uid_map']);
      console.log(stdout.trim().split(/\\s+/).join(' '), orlop.isolation.ids.detail);
      await orlop.run('busybox', ['id', '-u'], { user: '5' });`,
    );
    const [ids, refused] = output.trim().split('\n');
    expect(ids).to.equal('0 0 1 one ID: root has no CAP_SETUID');
    expect(refused).to.match(/^ORLOP_E_PERMISSION .*no user 5/);
  });

  it('does not open the store of root, nor root its store', () => {
    const open = (name: string) => `await Orlop.open(store('${name}')); console.log('opened');`;
    expect(bounded('+all', open('root'))).to.equal('opened\n');
    expect(bounded('-sys_admin', open('root'))).to.match(/^ORLOP_E_STORE .*machine's root.*--root/);
    expect(bounded('-sys_admin', open('other'))).to.equal('opened\n');
    expect(bounded('+all', open('other'))).to.match(/^ORLOP_E_STORE .*was written with user IDs/);
    expect(existsSync(join(directory, 'other/ownership.json'))).to.equal(true);
  });

  /** The same in a user namespace around, after a script that root of that executes. */
  function inUserNamespace(script: string, body: string): string {
    const args = [
      '--user',
      '--map-root-user',
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-ec',
      `${script}; exec "$@"`,
    ];
    return execFileSync('unshare', [...args, 'sh', ...node(body)], { encoding: 'utf8' });
  }

  it('is told who forbids it, where no user namespaces are allowed', () => {
    // A limit for a user namespace counts for those below it, and spares the machine.
    const output = inUserNamespace(
      'echo 0 > /proc/sys/user/max_user_namespaces',
      `const orlop = await Orlop.open(store('none'));
      await orlop.run('host', ['true']);`,
    );
    expect(output).to.include('ENOSPC').and.include('user.max_user_namespaces is 0');
  });

  it('may share the /proc of a container around that hides parts of it, on request only', () => {
    const output = inUserNamespace(
      'mount --bind /dev/null /proc/interrupts; mount -t tmpfs tmpfs /sys/firmware',
      `const orlop = await Orlop.open(store('masked'));
      const script = 'head -1 /proc/self/status; echo 1 >/proc/sys/vm/swappiness; wc -c </proc/interrupts; ls /sys/fs/cgroup';
      const shared = await orlop.run('host', ['sh', '-c', script], { securityOpt: ['systempaths=host'] });
      console.log(shared.stdout, shared.stderr);
      await orlop.run('host', ['true']);`,
    );
    expect(output).to.match(/^Name:\s+head\n0\n .*Read-only file system/);
    expect(output).to.match(/\nEPERM .*fsmount 'proc' .*systempaths=unconfined.*systempaths=host'\n$/);
  });
});

describe('orlop in a container of orlop', function () {
  this.timeout(120_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox', 'userns');
  const fixture = withOrlop();

  // Podman's default filter is like that: user namespaces and mounts, but no host name without CAP_SYS_ADMIN.
  const filter = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['sethostname'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
  };

  it('goes without a host name that nobody asked for, where a filter forbids to set it', async () => {
    const { orlop, directory } = fixture();
    writeFileSync(join(directory, 'filter.json'), JSON.stringify(filter));
    mkdirSync(join(directory, 'inner'), { mode: 0o700 });
    const program = `
      import { Orlop } from ${JSON.stringify(join(process.cwd(), 'ts/index.ts'))};
      const orlop = await Orlop.open({ root: '/inner/root', run: '/inner/run' });
      await orlop.images.import('/inner/busybox.tar', { reference: 'busybox' });
      const system = { securityOpt: ['systempaths=host'] };
      const { stdout } = await orlop.run('busybox', ['sh', '-c', 'id -u; hostname; echo x >/v/f; cat /v/f'], { ...system, volumes: ['/v'] });
      console.log(stdout.split('\\n').join(' '));
      await orlop.run('busybox', ['true'], { ...system, hostname: 'own' }).catch((error) => console.log(error.message, error.hint));`;
    busyboxArchive(join(directory, 'inner'));
    const argv = [process.execPath, '--import=tsx', '--input-type=module', '--eval', program];
    const result = await orlop.run('host', argv, {
      workdir: process.cwd(),
      hostname: 'outer',
      volumes: [`${process.cwd()}:${process.cwd()}:ro`, `${join(directory, 'inner')}:/inner`],
      securityOpt: [`seccomp=${join(directory, 'filter.json')}`],
      tmpfs: ['/tmp'],
    });
    expect(result.stderr).to.equal('');
    const [inner, refused] = result.stdout.trim().split('\n');
    expect(inner).to.equal('0 outer x ');
    expect(refused).to.match(/^EPERM.* sethostname .* the filter of the container around forbids it/);
  });
});
