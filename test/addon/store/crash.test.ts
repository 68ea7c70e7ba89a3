import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { recover } from '../../../ts/containers/recover.ts';
import { loadNative } from '../../../ts/native/binding.ts';
import { ContainerStore } from '../../../ts/record/container-store.ts';
import { Store } from '../../../ts/store/store.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { kill, startWorker, untilSaid } from '../../support/workers.ts';

describe('a store whose process is killed', function () {
  this.timeout(120_000);
  requires('root', 'addon');
  const directory = temporaryDirectory();
  let image: string;

  beforeEach(async () => {
    image = join(directory(), 'image');
    await mkdir(join(image, 'data'), { recursive: true });
    for (let i = 0; i < 20; i++) await writeFile(join(image, 'data', `file-${i}`), 'x'.repeat(1000));
  });

  /** What must hold of any store once the next command has opened it. */
  async function expectValid(root: string, run: string): Promise<void> {
    const store = await Store.open({ root, run, native: loadNative() });
    const containers = new ContainerStore(store);
    await recover(store, containers);
    const list = await containers.list();
    expect(list.damaged).to.deep.equal([]);
    for (const { durability, state } of list.containers) {
      expect(durability).to.equal('durable');
      expect(state.status).not.to.equal('running');
    }
    // What this look has removed itself is still on its way out.
    await store.settle();
    expect(await readdir(store.stagingPath), 'staging').to.deep.equal([]);
    const locks = await readdir(join(run, 'locks', 'staging')).catch((): string[] => []);
    expect(locks, 'locks of staging').to.deep.equal([]);
    expect(await readdir(store.ephemeralPath), 'records of ephemeral containers').to.deep.equal([]);
    const ids = list.containers.map(({ record }) => record.id);
    expect(await readdir(store.containersPath), 'records').to.have.members(ids);
    expect(ids, 'layers').to.include.members(await readdir(store.layersPath));
    expect(ids, 'mount points').to.include.members(await readdir(store.mntPath));
    await expectVolumes(containers);
    const { volumes } = await containers.volumes.list();
    const used = list.containers.flatMap(({ record }) => record.volumes.map(({ name }) => name));
    expect(
      volumes.map(({ name }) => name),
      'volumes of containers',
    ).to.include.members(used);
  }

  async function expectVolumes(containers: ContainerStore): Promise<void> {
    const { volumes, damaged } = await containers.volumes.list();
    expect(damaged).to.deep.equal([]);
    const uses = await containers.uses();
    const complete = await readdir(join(image, 'data'));
    for (const { name, anonymous, populated, mountpoint } of volumes) {
      if (anonymous) expect(uses.volumes.has(name), `anonymous volume ${name} is known to a container`).to.equal(true);
      const content = await readdir(mountpoint);
      if (!populated && content.length === 0) continue;
      expect(content).to.have.members(complete);
      for (const file of content) expect(await readFile(join(mountpoint, file), 'utf8')).to.equal('x'.repeat(1000));
    }
  }

  for (const step of ['open', 'added', 'prepared', 'started', 'exited', 'removed']) {
    // The first time that a step is done the container is ephemeral, the second time it is durable.
    for (const times of step === 'open' ? [1] : [1, 2]) {
      it(`is valid after its step '${step}', time ${times}`, async () => {
        const [root, run] = [join(directory(), 'root'), join(directory(), 'run')];
        const worker = startWorker(root, run, 'churn', image);
        try {
          await untilSaid(worker, step, times);
        } finally {
          await kill(worker);
        }
        await expectValid(root, run);
      });
    }
  }
});
