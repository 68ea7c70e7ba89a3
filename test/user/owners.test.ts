import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Orlop, type OrlopRuntime } from '../../ts/index.ts';
import { isOneId, mapOf } from '../../ts/native/ids.ts';
import { openSite } from '../../ts/native/open-site.ts';
import { busyboxArchive } from '../support/busybox.ts';
import { removeAll } from '../support/orlop.ts';
import { refusal } from '../support/refusal.ts';
import { requires, skipOrFail } from '../support/require.ts';

describe('the owners of an image of an ordinary user', function () {
  this.timeout(60_000);
  requires('user', 'addon', 'archive', 'overlay', 'busybox', 'setfattr');
  let directory = '';
  let orlop: OrlopRuntime;
  let oneId = true;

  before(async () => {
    directory = mkdtempSync('/var/tmp/orlop-test-');
    orlop = await Orlop.open({ root: join(directory, 'root'), run: join(directory, 'run') });
    await orlop.images.import(busyboxArchive(directory), { reference: 'busybox' });
    oneId = isOneId((await openSite()).rights.users);
  });
  after(async () => {
    await orlop.close();
    await removeAll(directory);
  });

  /** Lines of tar of the entries of a saved image's layers. */
  async function listed(reference: string, pattern: RegExp): Promise<string[]> {
    const out = mkdtempSync(join(directory, 'saved-'));
    const descriptor = openSync(join(out, 'image.tar'), 'w');
    await orlop.images.save([reference], { descriptor }).finally(() => closeSync(descriptor));
    execFileSync('tar', ['-C', out, '-xf', join(out, 'image.tar')]);
    const blobs = execFileSync(
      'sh',
      ['-c', 'cd "$1"; for f in $(find . -type f); do tar --numeric-owner -tvf $f 2>/dev/null; done; true', 'sh', out],
      {
        encoding: 'utf8',
      },
    );
    return blobs
      .split('\n')
      .filter((line) => pattern.test(line))
      .map((line) => line.replace(/\s+/g, ' ').replace(/ \d{4}-\S+ \S+/, ''));
  }

  it('do not keep the caller from a root directory or a volume that is closed to it', async () => {
    const script = 'for one in / /v; do chown 5:5 $one || :; chmod 700 $one; done; echo 12345 > /v/f; echo > /f';
    const container = await orlop.create('busybox', ['sh', '-c', script], { volumes: ['data:/v'] });
    await (await container.start()).exited;
    expect((await container.diff()).map(({ path }) => path)).to.deep.equal(['/f', '/v']);
    await container.commit('closed');
    expect((await orlop.run('closed', ['stat', '-c', '%a', '/'])).stdout).to.equal('700\n');
    await container.remove();
    expect(await orlop.volumes.prune({ all: true })).to.include({ reclaimed: 6 });
  });

  it('are mapped as the caller has IDs', async () => {
    const rights = (await openSite()).rights;
    expect(rights.kind).to.equal('user');
    // Said by scripts/as-user.
    const { ORLOP_TEST_IDS = oneId ? 'one' : 'range' } = process.env;
    expect(oneId ? 'one' : 'range').to.equal(ORLOP_TEST_IDS);
    expect(oneId).to.equal(isOneId(mapOf('', 1, [])) && rights.users.length === 1);
    const { stdout } = await orlop.run('busybox', ['stat', '-c', '%u:%g', '/data', '/data/file', '/bin/busybox']);
    expect(stdout).to.equal(oneId ? '0:0\n0:0\n0:0\n' : '1000:1000\n1000:1000\n0:0\n');
  });

  it('come back when the image is saved, mapped or not', async () => {
    expect(await listed('busybox', /data\/(file)?$/)).to.deep.equal([
      'drwxr-x--- 1000/1000 0 ./data/',
      '-rw-r--r-- 1000/1000 15 ./data/file',
    ]);
  });

  it('come back with those that a container was committed with', async () => {
    const container = await orlop.create('busybox', ['sh', '-c', 'echo more >> /data/file; echo new > /data/new']);
    expect(await (await container.start()).exited).to.include({ exitCode: 0 });
    await container.commit('changed');
    await container.remove();
    const found = await listed('changed', /data\/(file|new)$/);
    expect(found.sort()).to.deep.equal([
      '-rw-r--r-- 0/0 4 data/new',
      '-rw-r--r-- 1000/1000 15 ./data/file',
      '-rw-r--r-- 1000/1000 20 data/file',
    ]);
  });

  it('keep devices, which are files in a container', async () => {
    const archive = join(directory, 'device.tar');
    execFileSync('python3', ['-c', deviceArchive, archive]);
    await orlop.images.import(archive, { reference: 'device' });
    expect(await listed('device', /null/)).to.deep.equal(['crw-rw-rw- 5/6 1,3 dev/null']);
  });

  it('are not what a process of a container says in the same attribute', async () => {
    // With one ID every process is root's, who may say so.
    if (oneId) return;
    const script = 'echo x > /tmp/f; chmod 666 /tmp/f';
    const container = await orlop.create('busybox', ['sh', '-c', script], { user: '1000' });
    expect(await (await container.start()).exited).to.include({ exitCode: 0 });
    const { Data } = (await container.inspect()).GraphDriver as { Data: { UpperDir: string } };
    execFileSync('setfattr', ['-n', 'user.containers.override_stat', '-v', '0:0:04755', join(Data.UpperDir, 'tmp/f')]);
    await container.commit('forged');
    await container.remove();
    expect(await listed('forged', / tmp\/f$/)).to.deep.equal(['-rw-rw-rw- 1000/1000 2 tmp/f']);
  });

  it('leaves the caller its groups with one ID only, as docs/security.md says', async function () {
    const own = process.getgroups?.().filter((group) => group !== process.getgid?.()) ?? [];
    if (own.length === 0) skipOrFail(this, 'the user has no supplementary groups');
    const { stdout } = await orlop.run('busybox', ['grep', '^Groups:', '/proc/self/status']);
    // The overflow ID stands for a group that is not mapped.
    const expected = oneId ? own.map(() => '65534') : ['0'];
    expect(stdout.trim().split(/\s+/).slice(1)).to.deep.equal(expected);
  });

  it('has users other than root where there is a range, and a sentence where there is none', async () => {
    await using pool = await orlop.pool('busybox', { size: 1 });
    const runs = [
      () => orlop.run('busybox', ['id', '-u'], { user: '1000' }),
      () => pool.run(['id', '-u'], { user: '1000' }),
    ];
    for (const run of runs) {
      const running = run();
      if (!oneId) {
        expect((await running).stdout).to.equal('1000\n');
        continue;
      }
      const error = await refusal(running);
      expect(error).to.include({ code: 'ORLOP_E_PERMISSION' });
      expect(error)
        .to.have.property('hint')
        .that.matches(/usermod/);
    }
  });
});

const deviceArchive = `
import sys, tarfile
with tarfile.open(sys.argv[1], 'w') as tar:
    entry = tarfile.TarInfo('dev/null')
    entry.type, entry.devmajor, entry.devminor = tarfile.CHRTYPE, 1, 3
    entry.uid, entry.gid, entry.mode = 5, 6, 0o666
    tar.addfile(entry)
`;
