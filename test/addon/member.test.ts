import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import {
  emptyMountPoint,
  type Native,
  type NativePrepared,
  type NativeProcess,
  type NativeWaiting,
  stdioSource,
} from '../../ts/native/contract.ts';
import { hole } from '../../ts/plan/holes.ts';
import { buildApplication, buildWaiting } from '../../ts/plan/waiting.ts';
import { makeBind, makeProcess } from '../support/facts.ts';
import { counts, ownDescriptors } from '../support/facts-of-life.ts';
import { launchPrepared, prepare } from '../support/launch.ts';
import { requires } from '../support/require.ts';
import { makeStore, shellFacts } from '../support/run-plan.ts';
import { plainPlan, started } from '../support/starts.ts';
import { temporaryDirectory, until } from '../support/temporary.ts';

const { nothingToRead, nothingToWrite, pipeFromApplication } = stdioSource;

describe('a waiting container of a pool, in the addon', () => {
  requires('addon', 'root');
  let native: Native;
  let plan: NativePrepared;
  before(() => {
    native = loadNative();
    plan = prepare(native, plainPlan({ argv: ['/bin/true'] }));
  });

  const onExit = { collect: false, reportWithExit: false, limit: 0 };
  const request = { values: [], descriptors: [], onExit };
  const open = () => native.openWaiting(plan, { values: [] }).waiting;

  it('refuses what is no waiting container, no process and no prepared start', () => {
    for (const foreign of [null, {}, 7, { pid: 1 }]) {
      const member = foreign as unknown as NativeWaiting;
      expect(() => native.closeWaiting(member)).to.throw(TypeError, 'not a waiting container');
      expect(() => native.waitingOver(member)).to.throw(TypeError, 'not a waiting container');
      expect(() => native.waitingReady(member, {} as NativeProcess)).to.throw(TypeError, 'not a waiting container');
      expect(() => native.becomeApplication(member, plan, request)).to.throw(TypeError, 'not a waiting container');
    }
    const member = open();
    for (const foreign of [null, {}, 7, member]) {
      const other = foreign as unknown as NativePrepared;
      expect(() => native.openWaiting(other, { values: [] })).to.throw(TypeError, 'not a prepared start');
      expect(() => native.becomeApplication(member, other, request)).to.throw(TypeError, 'not a prepared start');
      expect(() => native.waitingReady(member, foreign as unknown as NativeProcess)).to.throw(
        TypeError,
        'not a process',
      );
    }
    native.closeWaiting(member);
  });

  it('refuses a request that does not fit its plan', async () => {
    const three = ['stdin', 'stdout', 'stderr', 'container'] as const;
    const stdio = { op: 'stdio', in: 0, out: 1, err: 2, scratch: null } as const;
    const holed = prepare(native, plainPlan({ argv: [`/bin/${hole.shortId}`], supplied: three, steps: [stdio] }));
    expect(() => native.openWaiting(holed, { values: [] })).to.throw(TypeError, 'each hole has a value');
    const member = open();
    const right = {
      values: ['', '0'.repeat(12)],
      descriptors: [nothingToRead, nothingToWrite, nothingToWrite],
      onExit,
    };
    for (const wrong of [
      { ...right, values: [] },
      { ...right, values: ['', 'short'] },
      { ...right, command: { candidates: ['/bin/\0'], argv: [], env: [] } },
      { ...right, descriptors: [nothingToRead] },
      { ...right, descriptors: [...right.descriptors, nothingToWrite] },
      { ...right, descriptors: 7 as unknown as number[] },
      { ...right, onExit: undefined as unknown as typeof onExit },
    ]) {
      const becoming = native.becomeApplication(member, holed, wrong);
      expect(await becoming.catch((error: unknown) => error), JSON.stringify(wrong)).to.be.instanceOf(TypeError);
    }
    native.closeWaiting(member);
  });

  it('is gone for a request before it waits, and after it was closed', async () => {
    const application = prepare(native, plainPlan({ argv: ['/bin/true'], supplied: ['container'] }));
    const member = open();
    expect(await native.becomeApplication(member, application, request)).to.deep.include({ gone: true, failure: null });
    const over = native.waitingOver(member);
    native.closeWaiting(member);
    await over;
    native.closeWaiting(member);
    expect(await native.becomeApplication(member, application, request)).to.deep.include({ gone: true, failure: null });
  });

  it('leaves no descriptor when it is closed', async () => {
    // The thread that listens, and what it listens with, are there from the first one on.
    native.closeWaiting(open());
    const before = counts(ownDescriptors());
    for (let round = 0; round < 50; round++) native.closeWaiting(open());
    await until('the descriptors to be as before', () => counts(ownDescriptors()).socket === before.socket);
    expect(counts(ownDescriptors())).to.deep.equal(before);
  });
});

describe('waiting containers of one prepared start', function () {
  this.timeout(60_000);
  requires('addon', 'root', 'helper', 'busybox', 'overlay');
  const directory = temporaryDirectory();
  let native: Native;
  before(async () => {
    native = loadNative();
    await native.makeEmptyNamespace();
  });

  const idOf = (digit: string) => digit.repeat(64);

  /** Plans of waiting containers with layers below a directory, named by their IDs. */
  function prepareMembers() {
    const store = makeStore(join(directory(), 'store'));
    const layer = join(directory(), hole.id);
    const root = { ...store, upper: `${layer}/diff`, work: `${layer}/work`, mountPoint: emptyMountPoint };
    const plans = buildWaiting(shellFacts(root, 'true', { hostname: hole.shortId }));
    const mounts = [makeBind('/data', { source: join(directory(), 'data'), device: 0n, inode: 0n })];
    mkdirSync(join(directory(), 'data'));
    writeFileSync(join(directory(), 'data', 'file'), 'of the volume\n');
    const process = makeProcess({ argv: ['sh', '-c', 'exit 3'], seccomp: null });
    const application = buildApplication(plans, { mounts, process });
    return {
      boot: prepare(native, plans.boot),
      first: prepare(native, plans.prepare),
      application: prepare(native, application, {
        ended: [['write', join(directory(), `ended-${hole.name}`), hole.id, 0o600]],
      }),
    };
  }

  async function makeMember({ boot, first }: ReturnType<typeof prepareMembers>, values: readonly string[]) {
    for (const name of ['diff', 'work']) mkdirSync(join(directory(), values[0] ?? '', name), { recursive: true });
    // O_PATH: nothing is read of it.
    const program = openSync('build/Release/orlop-init', 0o10000000);
    try {
      const { waiting: member, descriptor } = native.openWaiting(first, { values, paths: '/bin/sh\0/missing\0' });
      const process = started(await launchPrepared(native, boot, { values, descriptors: [descriptor, program] }));
      expect(await native.waitingReady(member, process)).to.deep.include({ failure: null, gone: false });
      return { member, process };
    } finally {
      closeSync(program);
    }
  }

  it('become applications, each with values and a command of its own', async () => {
    const prepared = prepareMembers();
    for (const digit of ['1', '2']) {
      const id = idOf(digit);
      const values = [id, id.slice(0, 12), digit];
      const { member, process } = await makeMember(prepared, values);
      const answer = await native.becomeApplication(member, prepared.application, {
        values,
        command: {
          candidates: ['/missing', '/bin/sh'],
          argv: ['sh', '-c', 'echo "$0 $A"; hostname; cat /data/file; echo x > /made', 'zero'],
          env: ['PATH=/bin', `A=${digit}`],
        },
        descriptors: [nothingToRead, pipeFromApplication, nothingToWrite],
        onExit: { collect: true, reportWithExit: digit === '2', limit: 1000 },
      });
      expect(answer).to.deep.include({ failure: null, gone: false, pipes: [] });
      const finished = await answer.ended;
      expect(finished?.outputs.map(String)).to.deep.equal([`zero ${digit}\n${id.slice(0, 12)}\nof the volume\n`]);
      expect([finished?.exit.code, finished?.failure]).to.deep.equal([0, null]);
      expect(readFileSync(join(directory(), `ended-${digit}`), 'utf8')).to.equal(id);
      expect(existsSync(join(directory(), id, 'diff', 'made'))).to.equal(true);
      expect(await native.wait(process)).to.include({ code: 0, signal: null });
    }
  });

  it('become none before it was asked whether they are ready: no thread would see their exit', async () => {
    const { boot, first, application } = prepareMembers();
    const values = [idOf('5'), '5'.repeat(12), '5'];
    for (const name of ['diff', 'work']) mkdirSync(join(directory(), values[0] ?? '', name), { recursive: true });
    const program = openSync('build/Release/orlop-init', 0o10000000);
    const { waiting, descriptor } = native.openWaiting(first, { values });
    const process = started(await launchPrepared(native, boot, { values, descriptors: [descriptor, program] }));
    closeSync(program);
    // Long enough for it to be ready; were it not, the answer would be the same.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const descriptors = [nothingToRead, nothingToWrite, nothingToWrite];
    const onExit = { collect: false, reportWithExit: false, limit: 0 };
    const answer = await native.becomeApplication(waiting, application, { values, descriptors, onExit });
    expect(answer).to.deep.include({ gone: true, failure: null });
    native.closeWaiting(waiting);
    await native.wait(process);
  });

  it('become what the plan says where there is no command, and tell what is refused of one', async () => {
    const prepared = prepareMembers();
    const descriptors = [nothingToRead, nothingToWrite, nothingToWrite];
    const values = [idOf('3'), '3'.repeat(12), '3'];
    const request = { values, descriptors, onExit: { collect: false, reportWithExit: false, limit: 0 } };
    const first = await makeMember(prepared, values);
    const done = await native.becomeApplication(first.member, prepared.application, request);
    expect((await done.ended)?.exit).to.include({ code: 3, signal: null });

    const others = [idOf('4'), '4'.repeat(12), '4'];
    const second = await makeMember(prepared, others);
    const refused = await native.becomeApplication(second.member, prepared.application, {
      ...request,
      values: others,
      command: { candidates: ['/no/such/program'], argv: ['x'], env: [] },
    });
    expect(refused.failure).to.include({ code: 'ENOENT' });
    expect([refused.gone, refused.ended, refused.pipes]).to.deep.equal([false, null, []]);
    await native.wait(second.process);
    expect(existsSync(join(directory(), 'ended-4'))).to.equal(false);
  });
});
