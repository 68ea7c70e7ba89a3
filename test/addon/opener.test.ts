import { execFileSync } from 'node:child_process';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import type { Native, NativePrepared } from '../../ts/native/contract.ts';
import { hole } from '../../ts/plan/holes.ts';
import type { Op, Plan } from '../../ts/plan/types.ts';
import { ownDescriptors, ownMountNamespaces } from '../support/facts-of-life.ts';
import { launchPlan, prepare } from '../support/launch.ts';
import { mountTable } from '../support/mounts.ts';
import { requires } from '../support/require.ts';
import { hold, newChildren, plainPlan, start, started } from '../support/starts.ts';
import { until } from '../support/temporary.ts';

const mountApi = 1 << 0;
const mountSetattr = 1 << 1;
const openTreeAttr = 1 << 6;

describe('a start whose mounts an opener makes', () => {
  requires('addon', 'root', 'helper');
  let native: Native;
  before(async () => {
    native = loadNative();
    await native.makeEmptyNamespace();
  });

  it('runs the application, and leaves threads, mounts and descriptors as they were', async () => {
    await native.wait(started(await start(native, { argv: ['/bin/true'], strategy: 'opener' })));
    const before = { mounts: mountTable(), descriptors: ownDescriptors().length };
    for (let i = 0; i < 20; i++) {
      const process = started(await start(native, { argv: ['/bin/true'], namespaces: ['pid'], strategy: 'opener' }));
      expect(await native.wait(process)).to.include({ code: 0, signal: null });
    }
    expect(mountTable()).to.equal(before.mounts);
    // The reaper closes the descriptor of a process after it has reported the exit.
    await until('the descriptors are as before', () => ownDescriptors().length <= before.descriptors);
    expect(new Set(ownMountNamespaces()).size).to.equal(1);
  });

  it('clones without a mount of the host: the child never sees one', async () => {
    const step: Op = { op: 'hostname', reason: '', name: 'held', optional: 0 };
    const held = await hold(native, [step], { namespaces: ['uts'], strategy: 'opener' });
    const own = readFileSync(`/proc/${held.pid}/mountinfo`, 'utf8').trim().split('\n');
    // Its root is a copy of the host's mounts here, so it has as many as the host, and not twice as many.
    expect(own.length).to.be.at.most(mountTable().trim().split('\n').length);
    expect(own.filter((line) => line.split(' ')[4] === '/')).to.have.length(1);
    expect(readlinkSync(`/proc/${held.pid}/ns/mnt`)).not.to.equal(readlinkSync('/proc/self/ns/mnt'));
    held.open();
    await native.wait(started(await held.pending));
    held.close();
  });

  for (const [how, mask] of [
    ['by one call', ~0],
    ['by two calls, before Linux 6.15', ~openTreeAttr],
  ] as const) {
    it(`makes no mount that stays a peer of the host's, nor below one, ${how}`, async () => {
      const [read, write] = native.pipe();
      const plan = plainPlan({
        argv: ['/bin/cat', '/proc/self/mountinfo'],
        strategy: 'opener',
        supplied: ['stdin', 'stdout', 'stderr'],
        steps: [{ op: 'stdio', in: 0, out: 1, err: 2, scratch: null }],
      });
      const features = native.features() & mask;
      const pending = launchPlan(native, plan, { descriptors: [read, write, write], features });
      native.closeSync(write);
      await native.wait(started(await pending));
      const table = readFileSync(read, 'utf8').trim().split('\n');
      native.closeSync(read);
      expect(table.length, 'mounts below the root').to.be.greaterThan(1);
      expect(table.filter((line) => /^[^-]* (shared|master):/.test(line))).to.deep.equal([]);
    });
  }

  it('executes a file that the caller has opened, where no path leads to it', async () => {
    // O_PATH, because it is not read.
    const file = openSync('build/Release/orlop-init', 0o10000000);
    try {
      const run = (supplied: Plan['supplied'], argv: readonly string[]) => {
        const enter: Op[] = [
          { op: 'close-fds', reason: '' },
          { op: 'exec-file', reason: '', file: 0, argv },
        ];
        const plan: Plan = { strategy: 'opener', namespaces: ['mount'], supplied, slots: 1, prepare: [], enter };
        return launchPlan(native, plan, { descriptors: supplied.map(() => file) });
      };
      // It knows no work without a name.
      const process = started(await run(['program'], ['orlop-init']));
      expect(await native.wait(process)).to.include({ code: 2, signal: null });
      expect((await run([], ['orlop-init'])).failure).to.include({ op: 1, code: 'EBADF' });
      expect((await run(['program'], [])).failure).to.include({ op: 1, code: 'EINVAL' });
    } finally {
      closeSync(file);
    }
  });

  /** Makes a detached mount of a directory, before any start. */
  const mountOf = (source: string): Plan => {
    const bind: Op = { op: 'bind', reason: '', mount: 0, source, recursive: 0, device: 0n, inode: 0n, type: 0 };
    return { strategy: 'opener', namespaces: [], supplied: [], slots: 1, prepare: [bind], enter: [] };
  };

  it('looks up paths in a prefetched mount, and waits for nothing that it finds there', async () => {
    const path = mkdtempSync('/var/tmp/orlop-test-');
    execFileSync('mkfifo', [join(path, 'pipe')]);
    symlinkSync('loop', join(path, 'loop'));
    const before = ownDescriptors().length;
    const prepared = prepare(native, mountOf(path));
    for (const paths of ['', '/', '/pipe\0/loop\0/missing/below\0../..\0\0no end']) {
      const mounts = await native.openMounts(prepared, { values: [], paths });
      expect(mounts).to.have.length(1);
      expect(ownDescriptors()).to.have.length(before + 1);
      for (const mount of mounts) native.closeSync(mount);
    }
    rmSync(path, { recursive: true });
  });

  it('prefetches what the values say, and leaves nothing where that is refused', async () => {
    const parent = mkdtempSync('/var/tmp/orlop-test-');
    const [id, other] = ['a'.repeat(64), 'b'.repeat(64)];
    mkdirSync(join(parent, id));
    const prepared = prepare(native, mountOf(join(parent, hole.id)));
    const before = ownDescriptors().length;
    const [mount = -1] = await native.openMounts(prepared, { values: [id], paths: '' });
    expect(readlinkSync(`/proc/self/fd/${mount}`)).to.equal('/');
    expect(fstatSync(mount).ino).to.equal(statSync(join(parent, id)).ino);
    native.closeSync(mount);
    for (const [values, wrong] of [
      [[other], { code: 'ENOENT' }],
      [[], { name: 'TypeError' }],
      [['short'], { name: 'TypeError' }],
    ] as const) {
      const opening = native.openMounts(prepared, { values, paths: '' });
      expect(await opening.catch((error: unknown) => error)).to.include(wrong);
    }
    const foreign = native.openMounts({} as NativePrepared, { values: [], paths: '' });
    expect(await foreign.catch((error: unknown) => error)).to.be.instanceOf(TypeError);
    expect(ownDescriptors()).to.have.length(before);
    rmSync(parent, { recursive: true });
  });

  it('prefetches mounts when the launch before them is over, however that ends and whenever they are requested', async () => {
    const prepared = prepare(native, mountOf('/'));
    const open = (after: object) => native.openMounts(prepared, { values: [], paths: '', after });
    for (const argv of [['/bin/true'], ['/no/such/program']]) {
      const token = {};
      const order: string[] = [];
      const launching = start(native, { argv, strategy: 'opener', token }).then((result) => {
        order.push('launch');
        return result;
      });
      const mounts = open(token).then((made) => {
        order.push('mounts');
        return made;
      });
      const [{ process }, made] = [await launching, await mounts];
      expect(order).to.deep.equal(['launch', 'mounts']);
      for (const mount of [...made, ...(await open(token)), ...(await open({}))]) native.closeSync(mount);
      if (process !== null) await native.wait(process);
    }
  });

  it('names the operation that the host refused, and clones nothing', async () => {
    const plan = plainPlan({ argv: ['/bin/true'], strategy: 'opener' });
    const identity = { device: 0n, inode: 0n, type: 0 };
    const missing: Op = { op: 'bind', reason: '', mount: 1, source: '/no/such', recursive: 0, ...identity };
    const broken: Plan = { ...plan, slots: 2, prepare: [...plan.prepare, missing] };
    const [children, descriptors] = [newChildren(), ownDescriptors().length];
    const result = await launchPlan(native, broken);
    expect(result.process).to.equal(null);
    expect(result.failure).to.include({ op: 1, code: 'ENOENT' });
    expect(result.failure?.syscall).to.match(/^open_tree(_attr)?$/);
    expect(children()).to.deep.equal([]);
    await until('the descriptors are as before', () => ownDescriptors().length <= descriptors);
  });

  it('clones nothing any more once it was cancelled', async () => {
    const token = {};
    const pending = start(native, { argv: ['/bin/true'], strategy: 'opener', token });
    native.cancel(token);
    const { process, died } = await pending;
    // Cancelled in time or not, it has ended by now or will by the signal.
    if (process !== null) await native.wait(process);
    else expect(died).to.deep.equal({ code: null, signal: 9 });
  });

  it('is refused without the calls that make a detached mount', async () => {
    for (const missing of [mountApi, mountSetattr]) {
      const features = native.features() & ~missing;
      const { failure } = await start(native, { argv: ['/bin/true'], strategy: 'opener', features });
      expect(failure).to.include({ op: 0, code: 'ENOSYS' });
    }
  });

  for (const op of [
    { op: 'propagation', reason: '', path: '/', mode: 1, recursive: 1 },
    { op: 'hostname', reason: '', name: 'changed', optional: 0 },
    { op: 'umask', reason: '', mask: 0 },
    { op: 'join', reason: '', namespace: 0, kind: 0 },
    { op: 'ids', reason: '', uid: 1, gid: 1, groups: [] },
    // Only in a container, which it has to join first.
    { op: 'attach', reason: '', mount: 0, target: '/mnt', kind: 0, create: 1 },
    { op: 'chdir', reason: '', path: '/made', create: 1 },
    { op: 'readonly', reason: '', target: '/', recursive: 1 },
  ] satisfies Op[]) {
    it(`does not let the program’s own thread do '${op.op}'`, () => {
      const plan = plainPlan({ argv: ['/bin/true'], strategy: 'opener' });
      expect(() => prepare(native, { ...plan, prepare: [...plan.prepare, op] })).to.throw(
        TypeError,
        'the plan is not well formed: fault 8 at operation 1',
      );
    });
  }

  it('does not let it attach a tmpfs either', () => {
    const plan = plainPlan({ argv: ['/bin/true'], strategy: 'opener' });
    const size = 0n;
    const tmpfs: Op = {
      ...{ op: 'tmpfs', reason: '', mount: 0, mode: 0o755, size, inodes: size, uid: 0, gid: 0, attributes: 0 },
      at: '/mnt',
    };
    expect(() => prepare(native, { ...plan, prepare: [tmpfs] })).to.throw(TypeError, 'fault 8 at operation 0');
  });
});
