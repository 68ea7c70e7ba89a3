import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Pool } from '../../../ts/index.ts';
import { LaunchError } from '../../../ts/index.ts';
import { counts, ownDescriptors, readWriteLayers, storeContent } from '../../support/facts-of-life.ts';
import { mountTable, parseMounts } from '../../support/mounts.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires, requiresIn } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('a request to a pool', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'busybox', 'overlay');
  const fixture = withOrlop();
  let pool: Pool;
  let hostMounts: string;

  before(async () => {
    hostMounts = mountTable();
    pool = await fixture().orlop.pool('busybox', { size: 2, env: ['OF=pool', 'BOTH=pool'], hostname: 'pooled' });
  });
  after(async () => {
    await pool?.close();
  });

  const sh = (script: string, options: Parameters<Pool['run']>[1] = {}) => pool.run(['sh', '-c', script], options);

  it('runs its command as PID 1 in a container of its own', async () => {
    const { stdout, stderr, exitCode } = await sh('echo $$; hostname; pwd; echo "$OF $BOTH $OWN"; touch /new; exit 7', {
      env: ['BOTH=request', 'OWN=request'],
      workdir: '/tmp',
    });
    expect({ stdout, stderr, exitCode }).to.deep.equal({
      stdout: '1\npooled\n/tmp\npool request request\n',
      stderr: '',
      exitCode: 7,
    });
    expect((await sh('ls /new')).exitCode).to.equal(1);
  });

  it('has as many volumes as it names', async () => {
    const { directory } = fixture();
    writeFileSync(join(directory, 'many'), 'many\n');
    const volumes = Array.from({ length: 600 }, (_, index) => `${directory}/many:/v/${index}:ro`);
    const { stdout } = await sh('cat /v/* | sort | uniq -c', { volumes });
    expect(stdout.trim()).to.equal('600 many');
  });

  it('has its mounts with their options, whatever a request before it asked for', async () => {
    const { directory } = fixture();
    mkdirSync(join(directory, 'optional'));
    const optionsIn = async (options: string, file: string) => {
      const volumes = [`${directory}/optional:/o${options}`, `data:/d${options}`];
      const { stdout } = await sh(`cat ${file}`, { volumes });
      const mounts = parseMounts(stdout).filter(({ target }) => ['/o', '/d'].includes(target));
      return mounts.map(({ options }) => ['noexec', 'nosymfollow', 'ro'].filter((name) => options.includes(name)));
    };
    const restricted = ['', ':noexec', ':nosymfollow', ':ro,noexec,nosymfollow', ''];
    // From the second round on, the pool has the bytes of each.
    for (let round = 0; round < 3; round++) {
      for (const options of restricted) {
        const names = options.slice(1).split(',').filter(Boolean).sort();
        const found = await optionsIn(options, '/proc/self/mountinfo');
        expect(
          found.map((one) => one.sort()),
          options,
        ).to.deep.equal([names, names]);
      }
    }
  });

  it('sees the new source after the former one was replaced', async () => {
    const source = join(fixture().directory, 'replaced');
    for (const round of ['one', 'two', 'three']) {
      mkdirSync(source);
      writeFileSync(join(source, 'f'), round);
      expect((await sh('cat /r/f', { volumes: [`${source}:/r`] })).stdout).to.equal(round);
      renameSync(source, `${source}.${round}`);
    }
    const gone = await refusal(sh('true', { volumes: [`${source}:/r`] }));
    expect(gone.code).to.equal('ORLOP_E_SOURCE');
  });

  it('leaves no pipe where it does not come to an application', async () => {
    const pipes = () => counts(ownDescriptors())['pipe:'] ?? 0;
    const requests = 10;
    const before = pipes();
    for (let made = 0; made < requests; made++) {
      for (const ask of [() => pool.run(['/no/such']), () => pool.start(['/no/such'])]) {
        expect(await ask().catch((error: unknown) => error)).to.be.instanceOf(LaunchError);
      }
    }
    // A waiting container that is being made has some for a moment.
    await until('no more pipes than before', () => pipes() < before + requests);
  });

  it('writes to a named volume, which the next one reads', async () => {
    const { root } = fixture();
    await sh('echo one > /test/f', { volumes: ['kept:/test'] });
    expect(readFileSync(join(root, 'volumes/kept/_data/f'), 'utf8')).to.equal('one\n');
    const second = await sh('cat /test/f; stat -c %i /test', { volumes: ['kept:/test:ro'] });
    expect(second.stdout).to.equal(`one\n${statSync(join(root, 'volumes/kept/_data')).ino}\n`);
    expect((await sh('echo two > /test/f', { volumes: ['kept:/test:ro'] })).exitCode).to.equal(1);
  });

  it('gets a new volume filled from the image, and anew when it was removed meanwhile', async () => {
    const passwd = join(fixture().root, 'volumes/filled/_data/passwd');
    for (let round = 0; round < 2; round++) {
      const { stdout } = await sh('cat /etc/passwd', { volumes: ['filled:/etc'] });
      expect(readFileSync(passwd, 'utf8')).to.equal(stdout);
      await fixture().orlop.volumes.remove('filled');
    }
  });

  it('takes an anonymous volume along with its end', async () => {
    const { root } = fixture();
    const before = readdirSync(join(root, 'volumes'));
    const during = await sh('grep /test /proc/self/mountinfo', { volumes: ['/test'] });
    expect(during.stdout).to.match(/volumes\/[0-9a-f]{64}\/_data \/test /);
    expect(readdirSync(join(root, 'volumes'))).to.deep.equal(before);
  });

  it('sees host directories and files, the same inodes on both sides', async () => {
    const { directory } = fixture();
    mkdirSync(join(directory, 'host'));
    writeFileSync(join(directory, 'host/f'), 'from the host\n');
    const { stdout } = await sh('cat /a/f /etc/one; stat -c %i /a', {
      volumes: [`${directory}/host:/a`, `${directory}/host/f:/etc/one:ro`],
    });
    expect(stdout).to.equal(`from the host\nfrom the host\n${statSync(join(directory, 'host')).ino}\n`);
  });

  it('keeps the files of /etc above a volume there', async () => {
    const { stdout } = await sh('cat /etc/hostname', { volumes: ['etc:/etc'] });
    expect(stdout).to.equal('pooled\n');
  });

  it('has the user that it names', async function () {
    requiresIn(this, 'ids');
    const { stdout } = await sh('id -u; id -g', { user: '1000:1001' });
    expect(stdout).to.equal('1000\n1001\n');
  });

  it('feeds input and collects output', async () => {
    const { stdout } = await pool.run(['cat'], { input: 'x'.repeat(300_000) });
    expect(stdout.length).to.equal(300_000);
  });

  it('streams, and is killed', async () => {
    const running = await pool.start(['cat'], { stdin: 'pipe' });
    running.stdin?.write('hello\n');
    const [first] = await until('the echo', async () => {
      const chunk = running.stdout?.read();
      return chunk === null || chunk === undefined ? null : [String(chunk)];
    });
    expect(first).to.equal('hello\n');
    expect(running.kill('SIGKILL')).to.equal(true);
    expect((await running.exited).exitCode).to.equal(137);
  });

  it('takes a command line and an environment that do not fit a message', async () => {
    const long = 'y'.repeat(100_000);
    const { stdout } = await pool.run(['sh', '-c', 'echo -n $LONG | wc -c'], { env: { LONG: long } });
    expect(stdout).to.equal('100000\n');
  });

  it('says what is wrong, and leaves nothing', async () => {
    const refused = await pool.run(['no-such-program']).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(LaunchError);
    expect(refused).to.include({ code: 'ENOENT', exitCode: 127, step: 'exec' });
    const missing = await refusal(sh('true', { volumes: ['/no/such/dir:/a'] }));
    expect(missing.code).to.equal('ORLOP_E_SOURCE');
    const user = await refusal(sh('true', { user: 'nobody-here' }));
    expect(user.code).to.equal('ORLOP_E_NO_USER');
    // While the rest of a request is read, its volumes are being opened.
    const both = await refusal(sh('true', { user: 'nobody-here', volumes: [`${fixture().directory}:/a`] }));
    expect(both.code).to.equal('ORLOP_E_NO_USER');
    const plain = join(fixture().directory, 'plain');
    mkdirSync(plain);
    const unattached = await sh('true', { volumes: [`${plain}:/etc/passwd`] }).catch((error) => error);
    expect(unattached).to.include({ code: 'ENOTDIR', step: 'attach' });
    const target = await refusal(sh('true', { volumes: ['data:/proc'] }));
    expect(target.code).to.equal('ORLOP_E_TARGET');
    const option = await refusal(pool.run(['true'], { hostname: 'x' } as object));
    expect(option.message).to.include(`'hostname'`);
    expect((await sh('echo fine')).stdout).to.equal('fine\n');
  });

  it('is ended by its time-out and by its signal', async () => {
    const late = await refusal(pool.run(['sleep', '1000'], { timeout: 300 }));
    expect(late.code).to.equal('ORLOP_E_TIMEOUT');
    const ends = new AbortController();
    const run = pool.run(['sleep', '1000'], { signal: ends.signal });
    setImmediate(() => ends.abort());
    expect((await refusal(run)).code).to.equal('ORLOP_E_ABORTED');
  });

  it('is on record while it runs, with what it runs', async () => {
    const running = await pool.start(['sleep', '1000'], { volumes: ['used:/test'] });
    const { items } = await fixture().orlop.containers.list();
    expect(items.map(({ command, status, pid }) => ({ command, status, pid }))).to.deep.equal([
      { command: ['sleep', '1000'], status: 'running', pid: running.pid },
    ]);
    const used = await refusal(fixture().orlop.volumes.remove('used'));
    expect(used.code).to.equal('ORLOP_E_VOLUME_IN_USE');
    running.kill('SIGKILL');
    await running.exited;
    await fixture().orlop.volumes.remove('used');
  });

  it('changes nothing in the mount table of the host', () => {
    expect(mountTable()).to.equal(hostMounts);
  });

  it('leaves nothing when the pool is closed', async () => {
    await pool.close();
    const { mnt, containers, ephemeral, staging } = storeContent(fixture());
    expect({ mnt, containers, ephemeral, staging }).to.deep.equal({
      mnt: [],
      containers: [],
      ephemeral: [],
      staging: [],
    });
    expect(readWriteLayers(fixture())).to.deep.equal([]);
    const closed = await refusal(pool.run(['true']));
    expect(closed.code).to.equal('ORLOP_E_CLOSED');
  });
});
