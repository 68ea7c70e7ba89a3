import { execFileSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Orlop } from '../../../ts/index.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires, requiresIn } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

const userns = 'auto';

describe('a container of root with a user namespace of its own', function () {
  this.timeout(120_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const sh = (script: string, options = {}) =>
    fixture().orlop.run('busybox', ['sh', '-c', script], { userns, ...options });

  it('has a root that is nobody on the host, with the files of the image', async () => {
    const { stdout, stderr, exitCode } = await sh('id -u; cat /proc/self/uid_map; stat -c %u:%g / /etc /bin/busybox');
    expect({ stderr, exitCode }).to.deep.equal({ stderr: '', exitCode: 0 });
    const [uid, map = '', ...owners] = stdout.trim().split('\n');
    expect(uid).to.equal('0');
    const [inside, outside, count] = map.trim().split(/\s+/).map(Number);
    expect([inside, count]).to.deep.equal([0, 65536]);
    expect(outside).to.be.at.least(3 * 2 ** 30);
    expect(owners).to.deep.equal(['0:0', '0:0', '0:0']);
  });

  it('writes volumes and layers with the IDs that it sees, and takes no owner from a file', async () => {
    const { root, directory } = fixture();
    const source = join(directory, 'source');
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, 'of-5'), 'five\n', { mode: 0o600 });
    chownSync(join(source, 'of-5'), 5, 6);
    const script = 'stat -c %u:%g /s/of-5; echo r >/s/r; touch /v/w; chown 7:8 /v/w; cat /proc/1/status';
    const result = await sh(script, { volumes: [`${source}:/s`, 'kept:/v'] });
    expect(result.stderr).to.equal('');
    expect(result.stdout).to.match(/^5:6\n/);
    expect(statSync(join(source, 'r'))).to.include({ uid: 0, gid: 0 });
    expect(statSync(join(source, 'of-5'))).to.include({ uid: 5, gid: 6 });
    expect(statSync(join(root, 'volumes/kept/_data/w'))).to.include({ uid: 7, gid: 8 });
    // A user of the container, in the same range.
    const user = await sh('cat /s/of-5; id -u', { volumes: [`${source}:/s`], user: '5:6' });
    expect(user.stdout).to.equal('five\n5\n');
  });

  it('cannot do to the host what its root can: devices, mounts, foreign IDs', async () => {
    const { stdout } = await sh(
      'mknod /d c 1 3 2>/dev/null || echo no device; chown 70000 /etc 2>/dev/null || echo no ID; hostname x 2>/dev/null || echo no name',
    );
    expect(stdout).to.equal('no device\nno ID\nno name\n');
  });

  it('shares its IDs with no container beside it, and gives them back', async () => {
    const { orlop } = fixture();
    const started = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const container = await orlop.create('busybox', ['sleep', '1000'], { rm: true, userns });
        return container.start({ stdout: 'ignore', stderr: 'ignore' });
      }),
    );
    const uids = () =>
      started.map(({ pid }) => /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    expect(new Set(uids()).size).to.equal(4);
    const first = new Set(uids());
    for (const running of started) await running.kill('SIGKILL');
    await Promise.all(started.map(({ exited }) => exited));
    const after = await Promise.all(Array.from({ length: 4 }, () => sh('cat /proc/self/uid_map')));
    const again = after.map(({ stdout }) => stdout.trim().split(/\s+/)[1]);
    for (const uid of again) expect(first).to.include(uid);
  });

  it('has limits of processes of its own', async () => {
    const busy = 'for i in 1 2 3 4 5 6; do sleep 1000 & done; echo started; wait';
    const { orlop } = fixture();
    const container = await orlop.create('busybox', ['sh', '-c', busy], { rm: true, userns, ulimits: ['nproc=8'] });
    const running = await container.start({ stdout: 'pipe', stderr: 'ignore' });
    for await (const _ of running.stdout ?? []) break;
    // As the same user without the namespaces, "can't fork".
    const { stdout, stderr } = await sh('for i in 1 2 3 4 5; do sleep 0 & done; wait; echo fine', {
      ulimits: ['nproc=8'],
    });
    expect({ stdout, stderr }).to.deep.equal({ stdout: 'fine\n', stderr: '' });
    await running.kill('SIGKILL');
    await running.exited;
  });

  it('is bounded by a read-write layer in memory', async () => {
    const script = 'dd if=/dev/zero of=/f bs=64k count=99 2>/dev/null; stat -c "%s %u" /f; rm -r /data; ls /data';
    const { stdout, stderr } = await sh(script, { limits: { disk: '2m' }, reject: false });
    expect(Number(/^(\d+) 0\n$/.exec(stdout)?.[1])).to.be.within(1 << 20, 1 << 21);
    expect(stderr).to.match(/^ls: \/data: No such file or directory\n$/);
  });

  it('counts the processes of its limit as another container does, from one on', async function () {
    requiresIn(this, 'limits');
    const { orlop } = fixture();
    const one = { exitCode: 0, limit: null, error: null };
    const alone = await orlop.run('busybox', ['true'], { userns: 'auto', limits: { pids: 1 }, reject: false });
    expect(alone).to.include(one);
    expect(alone.usage?.pidsPeak).to.equal(1);
    const boxed = await orlop.sandbox('busybox', ['true']);
    expect(boxed).to.include(one);
    expect(boxed.usage?.pidsPeak).to.equal(1);
  });

  it('keeps hidden what a layer hides, opaque directories too', async () => {
    const { orlop, directory } = fixture();
    const base = await orlop.create('busybox', ['sh', '-c', 'mkdir /old; echo 1 >/old/a; echo 2 >/b'], {});
    await (await base.start({ stdout: 'ignore', stderr: 'ignore' })).exited;
    await base.commit('with:old');
    // Removed and made again: an opaque directory. Once by root, once in a user namespace.
    for (const [name, options] of Object.entries({ root: {}, users: { userns } })) {
      const script = 'rm -r /old; mkdir /old; echo 3 >/old/new; rm /b';
      const container = await orlop.create('with:old', ['sh', '-c', script], options);
      await (await container.start({ stdout: 'ignore', stderr: 'ignore' })).exited;
      const changes = (await container.diff()).map(({ kind, path }) => `${kind} ${path}`);
      expect(changes, name).to.deep.equal(['D /b', 'C /old', 'D /old/a', 'A /old/new']);
      await container.commit(`without:${name}`);
      const tar = join(directory, `${name}.tar`);
      const file = openSync(tar, 'w');
      await container.export(file).finally(() => closeSync(file));
      const names = execFileSync('tar', ['-tf', tar], { encoding: 'utf8' }).split('\n');
      expect(names).to.include('old/new').and.not.include('old/a').and.not.include('b');
      for (const mode of ['host', 'auto']) {
        const { stdout } = await orlop.run(`without:${name}`, ['sh', '-c', 'ls /old; ls /b 2>&1'], { userns: mode });
        expect(stdout, `${name} in ${mode}`).to.match(/^new\nls: \/b: No such file/);
      }
      await container.remove();
    }
    await base.remove();
  });

  it('starts again with what it wrote, and its image is that of the host where it is asked for', async () => {
    const { orlop } = fixture();
    const container = await orlop.create('busybox', ['sh', '-c', 'cat /f 2>/dev/null; echo more >>/f; chown 9 /f'], {
      userns,
    });
    const text = async () => {
      const running = await container.start({ stdout: 'pipe', stderr: 'inherit' });
      let all = '';
      for await (const chunk of running.stdout ?? []) all += chunk;
      await running.exited;
      return all;
    };
    await text();
    expect(await text()).to.equal('more\n');
    await container.remove();
    const host = await orlop.run('host', ['sh', '-c', 'id -u; stat -c %u /usr/bin; echo x >/usr/x && cat /usr/x'], {
      userns,
    });
    expect(host).to.include({ stdout: '0\n0\nx\n', exitCode: 0 });
    expect(existsSync('/usr/x')).to.equal(false);
  });

  it('is exported with the owners that it sees, while it runs and afterwards', async () => {
    const { orlop, directory } = fixture();
    const script = 'touch /own; chown 5:6 /own; echo ready; exec sleep 1000';
    const container = await orlop.create('busybox', ['sh', '-c', script], { userns });
    const running = await container.start({ stdout: 'pipe', stderr: 'inherit' });
    for await (const _ of running.stdout ?? []) break;
    const tar = join(directory, 'exported.tar');
    const owners = async () => {
      const file = openSync(tar, 'w');
      await container.export(file).finally(() => closeSync(file));
      const lines = execFileSync('tar', ['--numeric-owner', '-tvf', tar], { encoding: 'utf8' }).split('\n');
      return lines.filter((line) => / (own|bin\/busybox)$/.test(line)).map((line) => line.split(/\s+/)[1]);
    };
    expect(await owners()).to.deep.equal(['0/0', '5/6']);
    await running.kill('SIGKILL');
    await running.exited;
    expect(await owners()).to.deep.equal(['0/0', '5/6']);
    await container.remove();
  });

  // Made in place, layer beside layer, each new file of a container takes longer than that of the one before on an ext4
  // file system without a journal.
  it('takes a prefetched layer', async () => {
    const { orlop, root } = fixture();
    const staging = join(root, 'staging');
    const waiting = () => readdirSync(staging).flatMap((name) => readdirSync(join(staging, name)));
    await until('a container takes a layer that waited', async () => {
      const waited = waiting();
      const container = await orlop.create('busybox', ['true'], { rm: true, userns });
      await (await container.start({ stdout: 'ignore', stderr: 'ignore' })).exited;
      return waited.includes(container.id);
    });
  });

  it('has the IDs that the caller names', async () => {
    const { stdout } = await sh('cat /proc/self/uid_map /proc/self/gid_map', { userns: '300000:400000:1000' });
    expect(stdout.trim().split(/\s+/).map(Number)).to.deep.equal([0, 300000, 1000, 0, 400000, 1000]);
    const error = await refusal(sh('true', { userns: '300000:400000:1000', user: '1000' }));
    expect(error.message).to.include('user 1000');
    expect(error.hint).to.include('below 1000');
  });

  it("cannot change the host's devices with all IDs under their numbers, and uses them", async () => {
    const changed = statSync('/dev/full').ctimeMs;
    // The same mode, so that the machine is as before if it is not refused.
    const script =
      'chmod 666 /dev/full; chmod 666 /proc/self/fd/0; echo x >/dev/null && echo written; head -c 2 /dev/zero | wc -c; wc -c';
    const { stdout, stderr } = await sh(script, { userns: 'keep-id' });
    expect(stderr)
      .to.match(/full: Read-only file system/)
      .and.match(/fd\/0: Read-only file system/);
    expect(stdout).to.equal('written\n2\n0\n');
    expect(statSync('/dev/full').ctimeMs).to.equal(changed);
  });

  it('is what a floor asks for, in pools too', async () => {
    const { root, run } = fixture();
    await using orlop = await Orlop.open({ root, run, isolation: 'user,ids' });
    expect(orlop.isolation.user.holds).to.equal(true);
    const map = async (result: Promise<{ stdout: string }>) => Number((await result).stdout.trim().split(/\s+/)[1]);
    expect(await map(orlop.run('busybox', ['cat', '/proc/self/uid_map']))).to.be.at.least(3 * 2 ** 30);
    await using pool = await orlop.pool('busybox', { size: 1 });
    expect(await map(pool.run(['cat', '/proc/self/uid_map']))).to.be.at.least(3 * 2 ** 30);
    const error = await refusal(orlop.run('busybox', ['true'], { userns: 'host' }));
    expect(error.code).to.equal('ORLOP_E_ISOLATION');
    const chosen = await refusal(orlop.run('busybox', ['true'], { userns: '300000:400000:65536' }));
    expect(chosen).to.include({ code: 'ORLOP_E_ISOLATION' }).and.have.property('message').that.includes("'ids'");
  });

  it('alone may share the /proc of the machine, and sees no file of its processes there', async () => {
    const securityOpt = ['systempaths=host'];
    const script = `cat /proc/self/uid_map; ls /proc/${process.pid}/root/ /proc/${process.pid}/fd; echo x >/proc/sys/vm/swappiness`;
    const { stdout, stderr } = await sh(script, { securityOpt });
    expect(Number(stdout.trim().split(/\s+/)[1])).to.be.at.least(3 * 2 ** 30);
    expect(stderr.match(/Permission denied/g)).to.have.length(2);
    expect(stderr).to.include('Read-only file system');
    const error = await refusal(sh('true', { securityOpt, userns: 'host' }));
    expect(error).to.include({ code: 'ORLOP_E_INPUT' });
  });

  it('leaves no mount and no process behind', async () => {
    const before = readFileSync('/proc/self/mountinfo', 'utf8');
    await sh('true', { volumes: ['/anonymous'] });
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).to.equal(before);
    const { root } = fixture();
    expect(readdirSync(join(root, 'mnt'))).to.deep.equal([]);
  });

  it('has an OOM score of its own, from this program and from a launcher', async () => {
    const { orlop, root, run } = fixture();
    const own = () => readFileSync('/proc/self/oom_score_adj', 'utf8');
    const before = own();
    const read = ['cat', '/proc/self/oom_score_adj'];
    const options = { userns, oomScoreAdj: 700 };
    await using beside = await Orlop.open({ root, run, isolation: 'process' });
    for (const from of [orlop, beside]) {
      // At the same time: others have made the memory of the program, which all share, not dumpable.
      const runs = await Promise.all(Array.from({ length: 8 }, () => from.run('busybox', read, options)));
      expect(runs.map(({ stdout }) => stdout)).to.deep.equal(runs.map(() => '700\n'));
      await using pool = await from.pool('busybox', { size: 1, ...options });
      expect((await pool.run(read)).stdout).to.equal('700\n');
    }
    expect(own()).to.equal(before);
  });
});
