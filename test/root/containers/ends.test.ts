import { expect } from 'chai';
import { Orlop } from '../../../ts/index.ts';
import { runs, storeContent, untilEnded } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { Program } from '../../support/programs.ts';
import { requires } from '../../support/require.ts';

interface Told {
  readonly pids: readonly number[];
  readonly durable: string;
  readonly ephemeral: readonly string[];
}

describe('the end of the program', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  const ways: Record<string, (program: Program) => void> = {
    'process.exit()': (program) => program.tell('exit'),
    'an uncaught exception': (program) => program.tell('throw'),
    SIGKILL: (program) => program.child.kill('SIGKILL'),
    SIGTERM: (program) => program.child.kill('SIGTERM'),
  };

  for (const [way, finish] of Object.entries(ways)) {
    it(`by ${way} ends its containers, and the next one removes what was to go`, async () => {
      const before = storeContent(fixture());
      const began = new Date();
      await using program = new Program(fixture(), ['end']);
      const { pids, durable, ephemeral } = await program.next<Told>();
      for (const pid of pids) expect(runs(pid), `process ${pid}`).to.equal(true);
      const meanwhile = storeContent(fixture());
      expect(meanwhile.ephemeral).to.include.members([...ephemeral]);
      expect(meanwhile.volumes).to.have.length((before.volumes?.length ?? 0) + 3);
      finish(program);
      await program.end();
      for (const pid of pids) await untilEnded(pid);

      const orlop = await Orlop.open(fixture());
      const container = await orlop.container(durable);
      const { status, exitCode, pid, finishedAt } = await container.summary();
      expect({ status, exitCode, pid }).to.deep.equal({ status: 'exited', exitCode: 255, pid: null });
      expect(await container.wait()).to.deep.equal({ exitCode: 255, signal: null });
      const { State } = await container.inspect();
      expect(State.ExitCode).to.equal(255);
      expect(new Date(State.FinishedAt)).to.deep.equal(finishedAt).and.to.be.above(began);
      await container.remove({ volumes: true });
      expect(storeContent(fixture())).to.deep.equal(before);
    });
  }

  it('is not put off by an open Orlop that has nothing to do', async () => {
    await using program = new Program(fixture(), ['idle']);
    expect(await program.next()).to.equal('done\n');
    expect(await program.end()).to.deep.equal({ code: 0, signal: null });
  });

  it('leaves a store that is the same when several programs open it at once', async () => {
    const before = storeContent(fixture());
    await using program = new Program(fixture(), ['end']);
    const { pids, durable } = await program.next<Told>();
    program.child.kill('SIGKILL');
    await program.end();
    for (const pid of pids) await untilEnded(pid);
    const all = await Promise.all(Array.from({ length: 8 }, () => Orlop.open(fixture())));
    for (const orlop of all) {
      const { items, damaged } = await orlop.containers.list({ all: true });
      expect(damaged).to.deep.equal([]);
      expect(items.map(({ id, status }) => ({ id, status }))).to.deep.equal([{ id: durable, status: 'exited' }]);
    }
    await (await fixture().orlop.container(durable)).remove({ volumes: true });
    expect(storeContent(fixture())).to.deep.equal(before);
  });
});
