import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { hierarchiesOf } from '../../../ts/cgroups/visible.ts';
import { withOrlop } from '../../support/orlop.ts';
import { processesOf } from '../../support/processes.ts';
import { refusal } from '../../support/refusal.ts';
import { requires, requiresIn } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('the end of a container', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  // A word in the command line of each process, which no other test has.
  const word = `${50_000 + process.pid}`;

  /** Forks, leaves the session, ignores signals, is stopped: each a process that the application does not wait for. */
  const script = `
    sleep ${word} &
    (setsid sh -c '(sleep ${word} &) &' &)
    sh -c 'trap "" TERM INT HUP; sleep ${word} & wait; :' x &
    sleep ${word} & kill -STOP $!
    trap "" TERM
    echo ready
    sleep ${word}`;
  const alive = () => processesOf(word).length;
  // The stopped one may be, before it has executed its command.
  const all = 4;

  async function start() {
    const container = await fixture().orlop.create('busybox', ['sh', '-c', script], { rm: true });
    const running = await container.start({ stderr: 'ignore' });
    await until('all processes run', () => alive() >= all);
    return { container, running };
  }

  it('by a time-out is that of all its processes, before the run is over', async () => {
    const error = await refusal(fixture().orlop.run('busybox', ['sh', '-c', script], { timeout: 1500 }));
    expect([error.code, alive()]).to.deep.equal(['ORLOP_E_TIMEOUT', 0]);
  });

  it('by a signal, or by its removal, is that of all its processes', async () => {
    const { running } = await start();
    running.kill('SIGKILL');
    await running.exited;
    expect(alive()).to.equal(0);
    const { container } = await start();
    await container.remove({ force: true });
    expect(alive()).to.equal(0);
  });

  it('is that of processes too that are frozen', async function () {
    requiresIn(this, 'root', 'cgroup-v2');
    const { running } = await start();
    const read = (path: string) => readFileSync(path, 'utf8');
    const [unified] = hierarchiesOf(running.pid);
    const group = unified?.own ?? '';
    writeFileSync(join(group, 'cgroup.freeze'), '1');
    await until('the container is frozen', () => /^frozen 1$/m.test(read(join(group, 'cgroup.events'))));
    running.kill('SIGKILL');
    expect(await running.exited).to.include({ exitCode: 137 });
    expect(alive()).to.equal(0);
  });
});
