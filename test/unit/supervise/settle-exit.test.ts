import { once } from 'node:events';
import { expect } from 'chai';
import type { ContainerStore } from '../../../ts/record/container-store.ts';
import { created } from '../../../ts/record/schema.ts';
import { newId } from '../../../ts/store/id.ts';
import { type ContainerExit, settleExit } from '../../../ts/supervise/settle-exit.ts';
import { record } from '../../support/records.ts';

describe('what follows the exit of an application', () => {
  const usage = { userMicros: 0, systemMicros: 0, maxResidentKilobytes: 0, blocksRead: 0, blocksWritten: 0 };
  const end: ContainerExit = {
    exit: { code: 3, signal: null, seen: 0, usage },
    outputs: [Buffer.from('result')],
    overflow: null,
    cut: false,
    failure: null,
    group: null,
    timeLimit: null,
  };

  for (const durability of ['ephemeral', 'durable'] as const) {
    it(`does not take the result away when it fails, of a container that is ${durability}`, async () => {
      const gone: string[] = [];
      const fail = async () => {
        throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
      };
      const containers = { removeExited: fail, exited: fail, gone: (id: string) => gone.push(id) };
      const one = record(newId());
      const container = { record: { ...one, request: { ...one.request, rm: true } }, state: created, durability };
      const warned = once(process, 'warning');
      const services = { containers: containers as unknown as ContainerStore, store: { root: '/s', run: '/r' } };
      const report = await settleExit(services, () => container, {
        id: one.id,
        removes: false,
        finished: Promise.resolve(end),
      });
      expect(report.status).to.deep.equal({ exitCode: 3, signal: null });
      expect(`${report.outputs[0]}`).to.equal('result');
      expect(gone).to.deep.equal([one.id]);
      const [warning] = await warned;
      expect(warning.message).to.contain(one.name).and.to.contain('EMFILE');
    });
  }
});
