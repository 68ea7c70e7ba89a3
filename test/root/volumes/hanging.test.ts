import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { ofOwnThreads, ownThreads, storeContent } from '../../support/facts-of-life.ts';
import { Fuse } from '../../support/fuse.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('a source on a file system whose server', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'fuse');
  const fixture = withOrlop();
  let fuse: Fuse;
  let number = 0;
  beforeEach(async () => {
    fuse = await Fuse.mount(join(fixture().directory, `fuse-${number++}`));
  });
  afterEach(() => fuse.end());

  const run = (timeout?: number) =>
    fixture().orlop.run('busybox', ['cat', '/in/f'], { volumes: [`${fuse.path}:/in`], timeout });
  const other = () => fixture().orlop.run('busybox', ['echo', 'other']);

  async function expectTimeouts(): Promise<void> {
    const before = storeContent(fixture());
    // More than libuv has threads.
    const hanging = Array.from({ length: 6 }, () => refusal(run(1000)));
    expect((await other()).stdout).to.equal('other\n');
    const made = await fixture().orlop.create('busybox', ['true'], { rm: true, durable: true });
    await made.remove();
    await fixture().settle();
    expect((await other()).stdout).to.equal('other\n');
    for (const error of hanging) expect((await error).code).to.equal('ORLOP_E_TIMEOUT');
    await fixture().settle();
    expect(storeContent(fixture())).to.deep.equal(before);
  }

  it('answers is there', async () => {
    for (let i = 0; i < 3; i++) expect((await run()).stdout).to.equal('from user space\n');
  });

  it('takes no requests keeps nobody else waiting, and is there when it goes on', async () => {
    fuse.stop();
    await expectTimeouts();
    fuse.goOn();
    expect((await run()).stdout).to.equal('from user space\n');
    await until('nobody looks at it any more', () => !ownThreads().includes('orlop-look'));
  });

  it('takes no requests any more keeps nobody else waiting either', async () => {
    expect((await run()).stdout).to.equal('from user space\n');
    fuse.stop();
    await expectTimeouts();
    fuse.goOn();
    expect((await run()).stdout).to.equal('from user space\n');
  });

  // Without close_range(2) a child that hangs keeps copies of the pipes of others.
  for (const known of process.env.ORLOP_FEATURES === '0' ? [false] : [false, true]) {
    const when = known ? 'any more' : 'at all';
    it(`does not answer ${when} keeps nobody else waiting, although who waits for it cannot be killed`, async () => {
      if (known) expect((await run()).stdout).to.equal('from user space\n');
      await fuse.deafen();
      await expectTimeouts();
    });
  }

  it('has died is refused in words', async () => {
    expect((await run()).stdout).to.equal('from user space\n');
    await fuse.kill();
    const error = await refusal(run());
    expect(error).to.be.instanceOf(RequestError).and.to.include({ code: 'ORLOP_E_SOURCE' });
    expect(error.message).to.include(`cannot mount '${fuse.path}' at '/in'`);
    expect(await refusal(run())).to.be.instanceOf(RequestError);
  });

  for (const how of ['exit', 'itself']) {
    it(`takes no requests does not keep a program that starts a container with it from ending (${how})`, async () => {
      const { root, run: runDirectory } = fixture();
      fuse.stop();
      const argv = ['--import=tsx', 'test/support/life-worker.ts', root, runDirectory, 'hang', fuse.path, how];
      const program = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
      expect(await once(program, 'exit')).to.deep.equal([how === 'exit' ? 3 : 0, null]);
    });
  }
});

describe('a file system that is mounted at a source which was used before', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'fuse');
  const fixture = withOrlop();

  /** Where the threads of the launcher wait in the kernel. */
  const places = () =>
    ofOwnThreads((path) => ['comm', 'wchan'].map((name) => readFileSync(join(path, name), 'utf8')))
      .filter(([name]) => name?.startsWith('orlop-launch'))
      .map(([, place = '']) => place);

  it('and does not answer hangs no thread that cannot be killed, in a start or in a pool', async () => {
    const { orlop, directory } = fixture();
    const path = join(directory, 'before');
    const options = { volumes: [`${path}:/in`] };
    mkdirSync(path);
    writeFileSync(join(path, 'f'), 'from the disk\n');
    await using pool = await orlop.pool('busybox', { size: 1 });
    for (const where of [orlop, orlop, orlop]) {
      expect((await where.run('busybox', ['cat', '/in/f'], options)).stdout).to.equal('from the disk\n');
    }
    expect((await pool.run(['cat', '/in/f'], options)).stdout).to.equal('from the disk\n');
    const fuse = await Fuse.mount(path);
    try {
      await fuse.deafen();
      const late = [
        refusal(pool.run(['cat', '/in/f'], { ...options, timeout: 1000 })),
        refusal(orlop.run('busybox', ['cat', '/in/f'], { ...options, timeout: 1000 })),
      ];
      for (const error of late) expect((await error).code).to.equal('ORLOP_E_TIMEOUT');
      expect(places().filter((place) => /fuse|request_wait/.test(place))).to.deep.equal([]);
    } finally {
      await fuse.end();
    }
    expect((await pool.run(['cat', '/in/f'], options)).stdout).to.equal('from the disk\n');
  });
});
