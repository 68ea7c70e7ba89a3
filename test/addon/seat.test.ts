import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readHierarchies } from '../../ts/cgroups/hierarchies.ts';
import { loadNative } from '../../ts/native/binding.ts';
import type { Native } from '../../ts/native/contract.ts';
import { launchPlan } from '../support/launch.ts';
import { requires } from '../support/require.ts';
import { plainPlan, started } from '../support/starts.ts';
import { until } from '../support/temporary.ts';

describe('a seat in cgroups of version 1', () => {
  requires('addon', 'root', 'pids-v1');
  let native: Native;
  let directory: string;
  before(() => {
    native = loadNative();
  });
  beforeEach(() => {
    const all = readHierarchies(
      readFileSync('/proc/self/mountinfo', 'utf8'),
      readFileSync('/proc/self/cgroup', 'utf8'),
    );
    directory = join(
      all.find(({ controllers }) => controllers.includes('pids'))?.own ?? '',
      `orlop-test-${process.pid}`,
    );
    mkdirSync(directory);
  });
  // The kernel refuses while a thread is in it.
  afterEach(async () => {
    await untilEmpty();
    rmdirSync(directory);
  });

  const groupOf = (pid: number) => /:pids:(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
  const tasks = () => readFileSync(join(directory, 'tasks'), 'utf8').split('\n').filter(Boolean);
  const seats = () => readdirSync('/proc/self/task').filter((id) => nameOf(id) === 'orlop-seat').length;
  const nameOf = (id: string) => readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim();

  const untilEmpty = () => until('the seats end', () => tasks().length === 0 && seats() === 0);

  it('has a thread of this program, whose child is born there, and which ends with the descriptor', async () => {
    const seat = await native.openSeat([directory], []);
    expect(tasks()).to.have.length(1);
    expect(readFileSync(join(directory, 'cgroup.procs'), 'utf8').trim()).to.equal(`${process.pid}`);
    const options = { group: { seat, limits: [] } };
    const child = started(await launchPlan(native, plainPlan({ argv: ['/bin/sleep', '600'] }), options));
    expect(groupOf(child.pid)).to.match(/orlop-test-/);
    expect(groupOf(process.pid)).not.to.match(/orlop-test-/);
    native.kill(child, 9);
    await native.wait(child);
    native.closeSync(seat);
    await untilEmpty();
  });

  it('stays until the last copy of its descriptor is closed, so that its child lives', async () => {
    const seat = await native.openSeat([directory], []);
    const copy = openSync(`/proc/self/fd/${seat}`, 'r');
    native.closeSync(seat);
    const options = { group: { seat: copy, limits: [] } };
    const plan = plainPlan({ argv: ['/bin/sleep', '600'] });
    const child = started(await launchPlan(native, plan, options));
    expect(tasks()).to.have.length(2);
    native.kill(child, 9);
    await native.wait(child);
    closeSync(copy);
  });

  it('refuses what its cgroup refuses', async () => {
    const seat = await native.openSeat([directory], []);
    writeFileSync(join(directory, 'pids.max'), '1');
    const error = await launchPlan(native, plainPlan({ argv: ['/bin/true'] }), { group: { seat, limits: [] } }).catch(
      (refused: unknown) => refused,
    );
    expect(error).to.include({ code: 'EAGAIN', syscall: 'clone' });
    native.closeSync(seat);
  });

  it('writes limits before the clone, and names the one that the kernel refuses', async () => {
    const seat = await native.openSeat([directory], []);
    const limit = (value: string) => ({
      group: { seat, limits: [['write', join(directory, 'pids.max'), value, 0] as const] },
    });
    const plan = plainPlan({ argv: ['/bin/true'] });
    const error = await launchPlan(native, plan, limit('many')).catch((refused: unknown) => refused);
    expect(error).to.include({ code: 'EINVAL', path: join(directory, 'pids.max') });
    const child = started(await launchPlan(native, plan, limit('7')));
    await native.wait(child);
    expect(readFileSync(join(directory, 'pids.max'), 'utf8').trim()).to.equal('7');
    native.closeSync(seat);
  });

  it('is none where there is no such cgroup, nor with a descriptor of something else', async () => {
    const missing = await native.openSeat([join(directory, 'missing')], []).catch((error: unknown) => error);
    expect(missing).to.include({ code: 'ENOENT', path: join(directory, 'missing', 'tasks') });
    const [read, write] = native.pipe();
    const plan = plainPlan({ argv: ['/bin/true'] });
    const other = await launchPlan(native, plan, { group: { seat: read, limits: [] } }).catch(
      (error: unknown) => error,
    );
    expect(other).to.include({ code: 'ESRCH' });
    for (const end of [read, write]) native.closeSync(end);
    await untilEmpty();
  });
});
