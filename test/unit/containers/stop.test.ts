import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Runtime } from '../../../ts/containers/runtime.ts';
import { stopContainer } from '../../../ts/containers/stop.ts';
import { ownIdentity } from '../../../ts/linux/proc.ts';
import { ContainerStore } from '../../../ts/record/container-store.ts';
import type { StoredContainer } from '../../../ts/record/schema.ts';
import { newId } from '../../../ts/store/id.ts';
import { Store } from '../../../ts/store/store.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { addContainer, record, request } from '../../support/records.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('stopping a container', () => {
  const directory = temporaryDirectory();
  const sent: number[] = [];
  let store: Store;
  let containers: ContainerStore;
  let container: StoredContainer;
  let ending: () => Promise<void>;

  beforeEach(async () => {
    sent.length = 0;
    const native = fakeNative({
      killOther: (_pid, _startTime, signal) => sent.push(signal) > 0,
      waitOther: async () => {
        await ending();
        return true;
      },
    });
    store = await Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native });
    containers = new ContainerStore(store);
    const self = await ownIdentity();
    const { pid, startTime } = self;
    const made = record(newId(), { request: request({ stopSignal: 12, stopTimeout: 60 }) });
    const added = await addContainer(store, containers, made, 'durable');
    container = { ...added, state: { ...added.state, status: 'running', pid, startTime, owner: self } };
  });

  const stop = (asked: { signal?: number; timeout?: number } = {}) =>
    stopContainer({ store, containers, native: store.native } as unknown as Runtime, container, {
      signal: asked.signal,
      timeout: asked.timeout,
    });

  it('succeeds where its owner has removed it at its end', async () => {
    ending = () => rm(join(store.containersPath, container.record.id), { recursive: true });
    await stop();
    expect(sent).to.deep.equal([12]);
  });

  it('sends SIGKILL when the time is over, and then waits', async () => {
    ending = async () => {
      while (!sent.includes(9)) await new Promise((done) => setImmediate(done));
      await rm(join(store.containersPath, container.record.id), { recursive: true });
    };
    await stop({ signal: 3, timeout: 0 });
    expect(sent).to.deep.equal([3, 9]);
  });
});
