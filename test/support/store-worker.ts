// A process that works on a store, for tests that kill it or run several: store-worker.ts ROOT RUN WHAT [ARGUMENT].
import { closeSync, constants, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { recover } from '../../ts/containers/recover.ts';
import { loadNative } from '../../ts/native/binding.ts';
import { ContainerStore } from '../../ts/record/container-store.ts';
import { newId } from '../../ts/store/id.ts';
import { Store } from '../../ts/store/store.ts';
import { prepareVolumes } from '../../ts/volumes/prepare.ts';
import { addContainer, record, recordRunning } from './records.ts';

const [root, run, what, argument = ''] = process.argv.slice(2);
const say = (line: string): void => console.log(line);

/** Increments the number in a file many times, each under the lock. */
async function count(store: Store, file: string): Promise<void> {
  for (let i = 0; i < 50; i++) {
    await using _lock = await store.lock('volume', 'counter', 'exclusive');
    await writeFile(file, `${Number(await readFile(file, 'utf8')) + 1}`);
  }
}

/** Takes a lock and holds it until a kill. */
async function hold(store: Store): Promise<void> {
  await store.lock('volume', 'held', 'exclusive');
  say('held');
  setInterval(() => {}, 1000);
}

/** Makes and removes containers with volumes in a loop, and prints each finished step. */
async function churn(store: Store, image: string): Promise<void> {
  const containers = new ContainerStore(store);
  await recover(store, containers);
  const users = async () => (await containers.uses()).volumes;
  for (let i = 0; ; i++) {
    const durability = i % 2 === 0 ? 'ephemeral' : 'durable';
    const needs = [
      { name: newId(), target: '/data', attributes: 0, anonymous: true, nocopy: false, reason: 'test' },
      { name: `named-${i}`, target: '/data', attributes: 0, anonymous: false, nocopy: false, reason: 'test' },
    ];
    const id = newId();
    const volumes = needs.map(({ nocopy: _, ...use }) => use);
    const makeVolumes = async (): Promise<void> => {
      say('added');
      const view = openSync(image, constants.O_RDONLY | constants.O_DIRECTORY);
      await prepareVolumes(store, containers.volumes, users, needs, {
        container: id,
        view: async () => view,
        owner: { uid: 0, gid: 0 },
        durable: durability === 'durable',
      });
      closeSync(view);
    };
    const added = await addContainer(store, containers, record(id, { volumes }), durability, makeVolumes);
    say('prepared');
    const running = await recordRunning(store, await containers.claim(added));
    say('started');
    await containers.exited(running, { exitCode: 0, signal: null });
    say('exited');
    if (i % 4 !== 3) await containers.remove(id, { volumes: true });
    say('removed');
  }
}

const store = await Store.open({ root, run, native: loadNative() });
say('open');
if (what === 'count') await count(store, argument);
else if (what === 'hold') await hold(store);
else if (what === 'churn') await churn(store, argument);
else throw new Error(`no work '${what}'`);
