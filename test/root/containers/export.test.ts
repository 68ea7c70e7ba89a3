import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { closeRuntime, openRuntime } from '../../../ts/api/open.ts';
import { exportContainer } from '../../../ts/containers/layer-reads.ts';
import { identify } from '../../../ts/linux/proc.ts';
import type { Native } from '../../../ts/native/contract.ts';
import { openSite } from '../../../ts/native/open-site.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

function expectExported(file: string): void {
  const names = execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).split('\n');
  expect(names).to.include.members(['own', 'v/', 'jail/busybox', 'bin/busybox']);
  for (const name of ['v/f', 'bin/ls']) expect(names).not.to.include(name);
}

describe('the root filesystem of a running container', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  /** Runs a container that has written to its layer and to its volume, and has changed its own root. */
  async function whileRunning(use: (pid: number, id: string) => Promise<void>): Promise<void> {
    const script = 'mkdir /jail; cp /bin/busybox /jail; echo new > /own; echo secret > /v/f; rm /bin/ls; echo ready';
    const container = await fixture().orlop.create(
      'busybox',
      ['sh', '-c', `${script}; exec chroot /jail /busybox sleep 1000`],
      { volumes: ['/v'], capAdd: ['SYS_CHROOT'] },
    );
    const running = await container.start();
    try {
      for await (const line of running.stdout ?? []) if (`${line}`.includes('ready')) break;
      await use(running.pid, container.id);
    } finally {
      await container.remove({ force: true, volumes: true });
    }
  }

  it('is the one union that it uses, whatever its own root is, without what is mounted on it', async () => {
    await whileRunning(async (pid) => {
      await until('it has changed its root', () => existsSync(`/proc/${pid}/root/busybox`));
      const startTime = (await identify(pid))?.startTime ?? '';
      const native = await openSite();
      const root = await native.openRootOf(pid, startTime);
      const path = `/proc/self/fd/${root}`;
      try {
        expect(fstatSync(root).dev).to.equal(statSync(`/proc/${pid}/root/busybox`).dev);
        expect(readdirSync(path)).to.include.members(['bin', 'jail', 'own', 'v']);
        for (const name of ['v', 'proc', 'dev']) expect(readdirSync(join(path, name)), name).to.deep.equal([]);
        const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
        expect(mounts).not.to.contain(`${fixture().root}/layers`);
        expect(() => openSync(join(path, 'other'), 'w')).to.throw('EROFS');
      } finally {
        await native.close(root);
      }
      const error: unknown = await native.openRootOf(pid, `${Number(startTime) + 1}`).catch((thrown) => thrown);
      expect(error, 'another process has that PID').to.include({ code: 'ESRCH' });
    });
  });

  it('is exported without a second union of its layer', async () => {
    await whileRunning(async (_pid, id) => {
      const runtime = await openRuntime(fixture(), 'program');
      const openView = () => expect.fail('a second union');
      const native = new Proxy(runtime.native, {
        get: (target, name) => (name === 'openView' ? openView : Reflect.get(target, name)),
      }) as Native;
      const file = join(fixture().directory, 'running.tar');
      const out = openSync(file, 'w');
      try {
        await exportContainer({ ...runtime, native }, await runtime.containers.find(id), out);
      } finally {
        closeSync(out);
        await closeRuntime(runtime);
      }
      expectExported(file);
    });
  });

  it('is exported by another program too', async () => {
    await whileRunning(async (_pid, id) => {
      const file = join(fixture().directory, 'other.tar');
      const program = `
        import { openSync } from 'node:fs';
        import { Orlop } from ${JSON.stringify(join(process.cwd(), 'ts/index.ts'))};
        const [root, run, id, file] = process.argv.slice(1);
        const orlop = await Orlop.open({ root, run });
        const container = await orlop.container(id);
        await container.commit('seen');
        console.log((await container.diff()).map(({ kind, path }) => kind + path).join());
        await container.export(openSync(file, 'w'));
        await orlop.close();`;
      const { root, run } = fixture();
      const changes = execFileSync(
        process.execPath,
        ['--import=tsx', '--input-type=module', '--eval', program, '--', root, run, id, file],
        { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
      );
      expect(changes.trim().split(',')).to.include.members(['A/own', 'A/v', 'D/bin/ls']);
      expectExported(file);
    });
  });
});
