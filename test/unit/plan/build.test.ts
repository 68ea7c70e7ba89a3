import { expect } from 'chai';
import fc from 'fast-check';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import { buildPlan } from '../../../ts/plan/build.ts';
import { sourceType } from '../../../ts/plan/constants.ts';
import { defaultCapabilities } from '../../../ts/plan/defaults.ts';
import { encodePlan } from '../../../ts/plan/encode.ts';
import { fieldsOf, shapeOf } from '../../../ts/plan/format.ts';
import { mountsPlan } from '../../../ts/plan/mounts-plan.ts';
import { networkPlan } from '../../../ts/plan/network.ts';
import type { Op, Plan } from '../../../ts/plan/types.ts';
import { makeBind, makeFacts, makeProcess, makeTmpfs } from '../../support/facts.ts';

const words = (text: string): Uint8Array => new TextEncoder().encode(text);

function targets(plan: Plan): string[] {
  return plan.enter.flatMap((op) => (op.op === 'attach' ? [op.target] : []));
}

function names(ops: readonly Op[]): string[] {
  return ops.map((op) => op.op);
}

function find<Name extends Op['op']>(ops: readonly Op[], name: Name): Extract<Op, { op: Name }> {
  const found = ops.find((op): op is Extract<Op, { op: Name }> => op.op === name);
  if (found === undefined) throw new Error(`the plan has no ${name}`);
  return found;
}

const defaultTargets = ['/proc', '/dev', '/sys', '/dev/pts', '/dev/shm', '/dev/mqueue'];

describe('plan of a start', () => {
  it('is in the PID or cgroup namespace of the host where that is asked for, with a /proc of its own', () => {
    const { namespaces, prepare } = buildPlan(makeFacts({ hostPid: true, hostCgroup: true }));
    expect(namespaces).to.deep.equal(['mount', 'ipc', 'uts', 'network']);
    expect(names(prepare)).to.include('proc');
    expect(buildPlan(makeFacts({ hostPid: true })).namespaces)
      .to.include('cgroup')
      .and.to.not.include('pid');
  });

  it('makes everything private first and then the union before the volumes', () => {
    const plan = buildPlan(makeFacts({ mounts: [makeBind('/test')] }));
    expect(plan.prepare[0]).to.deep.equal({
      op: 'propagation',
      reason: 'nothing reaches the host',
      path: '/',
      mode: 1,
      recursive: 1,
    });
    const order = names(plan.prepare);
    expect(order.indexOf('overlay')).to.be.greaterThan(0).and.lessThan(order.indexOf('bind'));
  });

  it('attaches the volumes after the root filesystem and before the root changes', () => {
    const plan = buildPlan(makeFacts({ mounts: [makeBind('/test')] }));
    const at = plan.enter.findIndex((op) => op.op === 'attach' && op.target === '/test');
    expect(at).to.be.greaterThan(names(plan.enter).indexOf('root'));
    expect(at).to.be.lessThan(names(plan.enter).indexOf('pivot'));
  });

  it('with an opener, has what is made outside first, and the rest made inside before anything is attached', () => {
    const mountPoint = '/rootfs';
    const mounts = [makeBind('/test'), makeTmpfs('/tmp')];
    const facts = makeFacts({ mounts, root: { ...makeFacts().root, mountPoint } });
    const opened = buildPlan({ ...facts, strategy: 'opener' });
    const inChild = buildPlan(facts);
    const inside = ['tmpfs', 'device', 'directory', 'proc', 'mqueue', 'sysfs', 'root'];
    const outside = names(opened.prepare);
    expect(outside).not.to.include.members(['propagation', 'proc', 'sysfs', 'mqueue', 'file']);
    expect(outside.slice(0, 3)).to.deep.equal(['overlay', 'bind', 'tmpfs']);
    expect(names(opened.enter).slice(0, inside.length)).to.deep.equal(inside);
    expect(find(opened.enter, 'tmpfs').at).to.equal(mountPoint);
    // Apart from who does it, and in which order, it is the same start.
    const made = (plan: Plan) =>
      names([...plan.prepare, ...plan.enter].filter(({ op }) => op !== 'propagation')).sort();
    expect(made(opened)).to.deep.equal(made(inChild));
    expect(targets(opened)).to.deep.equal(targets(inChild));
  });

  it('attaches prefetched mounts and joins a prefetched network, and makes neither', () => {
    const facts = makeFacts({
      mounts: [makeBind('/test')],
      hidden: [{ target: '/home', mode: 0o755 }],
      sysctls: [{ name: 'kernel.x', value: '1' }],
      strategy: 'opener',
    });
    const { names: mountsPrefetched, plan: ahead } = mountsPlan(facts);
    expect(mountsPrefetched).to.deep.equal([
      'mount:/',
      'mount:/home',
      'mount:/dev',
      'mount:/dev/pts',
      'mount:/dev/shm',
    ]);
    // The mounts are in the slots of their names.
    expect(ahead.slots).to.equal(mountsPrefetched.length);
    expect(ahead.prepare.flatMap((op) => ('mount' in op && op.op !== 'device' ? [op.mount] : [])).at(0)).to.equal(0);
    const ready = buildPlan({ ...facts, mountsPrefetched, networkPrefetched: true });
    expect(ready.supplied).to.deep.equal(['stdin', 'stdout', 'stderr', 'network', ...mountsPrefetched]);
    expect(ready.namespaces).not.to.include('network');
    expect(names(ready.prepare)).to.deep.equal(['bind']);
    expect(ready.enter[0]).to.include({ op: 'join', namespace: 3, kind: 0x4000_0000 });
    expect(names(ready.enter)).not.to.include('loopback');
    expect(find(ready.enter, 'root').mount).to.equal(ready.supplied.indexOf('mount:/'));
    expect(targets(ready)).to.deep.equal(targets(buildPlan(facts)));
    const made = (plan: Plan) => names([...plan.prepare, ...plan.enter]).sort();
    const whole = made(buildPlan({ ...facts, network: 'host' }));
    expect([...made(ready).filter((name) => name !== 'join'), ...names(ahead.prepare)].sort()).to.deep.equal(whole);
  });

  it('of a prefetched network brings its loopback up and sets the parameters of the network', () => {
    const sysctls = [
      { name: 'net.ipv4.x', value: '1' },
      { name: 'kernel.x', value: '2' },
    ];
    const plan = networkPlan(sysctls);
    expect([...plan.prepare, ...plan.enter]).to.deep.equal([
      { op: 'sysctl', reason: 'sysctl net.ipv4.x', proc: null, name: 'net.ipv4.x', value: '1' },
      { op: 'loopback', reason: 'loopback network' },
    ]);
  });

  it('is exactly this one for a volume and nothing else', () => {
    const plan = buildPlan(
      makeFacts({ mounts: [makeBind('/test', { attributes: attribute.nosuid | attribute.nodev })] }),
    );
    expect(plan.namespaces).to.deep.equal(['mount', 'pid', 'ipc', 'uts', 'cgroup', 'network']);
    expect(plan.supplied).to.deep.equal(['stdin', 'stdout', 'stderr']);
    expect(names(plan.prepare)).to.deep.equal([
      'propagation',
      ...['tmpfs', 'device', 'directory'],
      'overlay',
      ...['bind', 'attributes'],
      'proc',
      'tmpfs',
      ...new Array(6).fill('device'),
      ...new Array(5).fill('symlink'),
      ...new Array(3).fill('directory'),
      ...['devpts', 'tmpfs', 'mqueue', 'sysfs'],
    ]);
    expect(names(plan.enter)).to.deep.equal([
      'root',
      ...new Array(7).fill('attach'),
      ...['loopback', 'hostname', 'pivot'],
      ...['keyring', 'session', 'stdio', 'umask', 'signals', 'chdir'],
      ...['bounding', 'ids', 'capabilities', 'no-new-privileges', 'parent-death', 'close-fds', 'seccomp', 'exec'],
    ]);
    expect(find(plan.prepare, 'bind')).to.deep.equal({
      op: 'bind',
      reason: 'volume /test',
      mount: 5,
      source: '/host/test',
      recursive: 1,
      device: 1n,
      inode: 2n,
      type: sourceType.directory,
    });
    expect(find(plan.prepare, 'attributes')).to.deep.equal({
      op: 'attributes',
      reason: 'volume /test',
      mount: 5,
      set: attribute.nosuid | attribute.nodev,
      clear: 0,
      recursive: 1,
      propagation: 0,
    });
    expect(targets(plan)).to.deep.equal(['/test', ...defaultTargets]);
  });

  it('mounts the union without devices, and read-only when nothing can be written', () => {
    const overlay = find(buildPlan(makeFacts()).prepare, 'overlay');
    expect(overlay.attributes).to.equal(attribute.nodev);
    const { root } = makeFacts();
    const plan = buildPlan(makeFacts({ root: { ...root, upper: null, work: null, volatile: true } }));
    const readonly = find(plan.prepare, 'overlay');
    expect(readonly.attributes).to.equal(attribute.nodev | attribute.readonly);
    expect(readonly.upper).to.equal('');
    expect(readonly.options).to.equal(1);
  });

  it('attaches parents before what is below them', () => {
    const mounts = ['/a/b/c', '/a', '/proc-like', '/dev/shm/x', '/a/b'].map((target) => makeBind(target));
    expect(targets(buildPlan(makeFacts({ mounts })))).to.deep.equal([
      ...['/a', '/proc-like', '/proc', '/dev', '/sys'],
      ...['/a/b', '/dev/pts', '/dev/shm', '/dev/mqueue'],
      ...['/a/b/c', '/dev/shm/x'],
    ]);
  });

  it('lets a mount of the user replace a default one, and those below it', () => {
    const shm = buildPlan(makeFacts({ mounts: [makeTmpfs('/dev/shm')] }));
    expect(targets(shm).filter((target) => target === '/dev/shm')).to.have.length(1);
    const dev = buildPlan(makeFacts({ mounts: [makeBind('/dev')] }));
    expect(targets(dev)).to.deep.equal(['/dev', '/proc', '/sys']);
    expect(dev.prepare.filter((op) => op.reason === 'default /dev')).to.deep.equal([]);
  });

  it('covers hidden paths with an empty tmpfs unless the user mounts them', () => {
    const hidden = [
      { target: '/root', mode: 0o700 },
      { target: '/home', mode: 0o755 },
      { target: '/home/store', mode: 0o700 },
    ];
    const plan = buildPlan(makeFacts({ hidden, mounts: [makeBind('/home'), makeBind('/root/work')] }));
    expect(targets(plan).filter((target) => /^.(root|home)/.test(target))).to.deep.equal([
      '/home',
      '/root',
      '/root/work',
    ]);
    const covers = plan.prepare.filter((op) => op.reason === 'hidden from the container');
    expect(covers).to.have.length(1);
    expect(covers[0]).to.include({ op: 'tmpfs', mode: 0o700, attributes: attribute.nosuid | attribute.nodev });
  });

  it('gives the files of /etc after the mounts of the user, and not where the user mounts one', () => {
    const files = { hosts: words('h'), hostname: words('n'), resolvConf: words('r') };
    const plan = buildPlan(
      makeFacts({ files, mounts: [makeBind('/etc'), makeBind('/etc/resolv.conf', { type: 'file' })] }),
    );
    const list = targets(plan);
    expect(list.slice(-2)).to.deep.equal(['/etc/hosts', '/etc/hostname']);
    expect(list.filter((target) => target === '/etc/resolv.conf')).to.have.length(1);
    expect(plan.prepare.flatMap((op) => (op.op === 'file' ? [op.name] : []))).to.deep.equal(['hosts', 'hostname']);
  });

  it('mounts a file on a file', () => {
    const plan = buildPlan(
      makeFacts({ mounts: [makeBind('/etc/one.conf', { type: 'file', attributes: attribute.readonly })] }),
    );
    const attach = plan.enter.find((op) => op.op === 'attach' && op.target === '/etc/one.conf');
    expect(attach).to.include({ kind: 1, create: 1 });
    expect(find(plan.prepare, 'bind').recursive).to.equal(0);
    expect(find(plan.prepare, 'attributes')).to.include({ set: attribute.readonly, recursive: 0 });
  });

  it('makes read-only paths read-only with all that is mounted below them', () => {
    const plan = buildPlan(makeFacts({ readonlyPaths: ['/proc/sys'] }));
    expect(find(plan.enter, 'readonly')).to.include({ target: '/proc/sys', recursive: 1 });
  });

  it('makes a tmpfs read-only only when all mounts are attached', () => {
    const mounts = [makeTmpfs('/run', { attributes: attribute.readonly }), makeBind('/run/x')];
    const plan = buildPlan(makeFacts({ mounts }));
    const sealed = plan.enter.findIndex((op) => op.op === 'readonly' && op.target === '/run');
    const last = plan.enter.findLastIndex((op) => op.op === 'attach');
    expect(sealed).to.be.greaterThan(last);
    expect(sealed).to.be.lessThan(names(plan.enter).indexOf('pivot'));
  });

  it('makes the root filesystem read-only after the working directory', () => {
    const { root } = makeFacts();
    const plan = buildPlan(makeFacts({ root: { ...root, readOnly: true } }));
    const at = plan.enter.findIndex((op) => op.op === 'readonly' && op.target === '/');
    expect(plan.enter[at - 1]?.op).to.equal('chdir');
  });

  it('shares the network namespace and brings no loopback up with network host', () => {
    const plan = buildPlan(makeFacts({ network: 'host' }));
    expect(plan.namespaces).not.to.include('network');
    expect(names(plan.enter)).not.to.include('loopback');
  });

  it('gives root its capabilities and another user only the bounding set', () => {
    const set = 0x800405fbn;
    const root = buildPlan(makeFacts());
    expect(defaultCapabilities).to.have.length(11);
    expect(find(root.enter, 'bounding').set).to.equal(set);
    expect(find(root.enter, 'capabilities')).to.include({
      effective: set,
      permitted: set,
      inheritable: 0n,
      ambient: 0n,
    });
    const user = buildPlan(makeFacts({ process: makeProcess({ uid: 1000, gid: 1000, groups: [1000] }) }));
    expect(find(user.enter, 'bounding').set).to.equal(set);
    expect(find(user.enter, 'capabilities')).to.include({ effective: 0n, permitted: 0n });
  });

  it('loads the filter before the capabilities go when privileges may be gained', () => {
    const plan = buildPlan(makeFacts({ process: makeProcess({ noNewPrivileges: false }) }));
    const order = names(plan.enter);
    expect(order).not.to.include('no-new-privileges');
    expect(order.indexOf('seccomp')).to.be.lessThan(order.indexOf('ids'));
    expect(order.filter((name) => name === 'seccomp')).to.have.length(1);
    const free = buildPlan(makeFacts({ process: makeProcess({ seccomp: null }) }));
    expect(names(free.enter)).not.to.include('seccomp');
  });

  it('puts a bounded read-write layer into memory, with directories as the disk would have them', () => {
    const own = { mode: 0o700, uid: 0, gid: 0 };
    const memory = {
      size: 1n << 20n,
      inodes: 512n,
      directories: [
        { name: 'diff', mode: 0o755, uid: 5, gid: 6 },
        { name: 'work', ...own },
        { name: 'diff/usr', ...own },
        { name: 'diff/usr/local', ...own },
      ],
    };
    const given = makeFacts();
    const { mountPoint, upper } = given.root;
    const parts = [{ target: '/usr', upper: `${upper}/usr`, work: '/store/layers/f00d/work-of-usr' }];
    for (const userNamespace of [null, { first: null, size: 5 }]) {
      const facts = { ...given, root: { ...given.root, memory, parts }, userNamespace, strategy: 'opener' } as const;
      const plan = buildPlan(userNamespace === null ? { ...facts, strategy: 'in-child' } : facts);
      const list = userNamespace === null ? plan.prepare : plan.enter;
      const isOfLayer = ({ reason }: Op) => reason === 'read-write layer in memory';
      const made = list.filter(isOfLayer);
      expect(made.map(({ op }) => op)).to.deep.equal(['directory', 'tmpfs', ...new Array(4).fill('directory')]);
      expect(made[1]).to.include({ size: 1n << 20n, inodes: 512n, at: `${mountPoint}/own` });
      const [, mount, diff, work, usr, local] = made.map(fieldsOf);
      expect(diff).to.include({ name: 'diff', mount: mount?.mount, mode: 0o755, uid: 5, gid: 6 });
      expect(work).to.include({ name: 'work', mount: mount?.mount, directory: null });
      expect(usr).to.include({ name: 'usr', mount: diff?.directory });
      expect(local).to.include({ name: 'local', mount: usr?.directory, directory: null });
      const unions = list.filter((op) => op.op === 'overlay');
      expect(unions.map((union) => union.upper)).to.deep.equal([
        `${mountPoint}/own/diff`,
        `${mountPoint}/own/diff/usr`,
      ]);
      expect(unions.map((union) => union.work)).to.deep.equal([
        `${mountPoint}/own/work`,
        `${mountPoint}/own/work-of-usr`,
      ]);
      expect(list.indexOf(unions[0] as Op)).to.be.above(list.findLastIndex(isOfLayer));
      // Nothing of the layer on the disk is bound.
      expect(plan.prepare.some((op) => op.op === 'bind' && op.source === '/store/layers/f00d')).to.equal(false);
    }
  });

  it('fills every slot before it is read, once, and none beside', () => {
    const path = fc
      .array(fc.constantFrom('a', 'b', 'dev', 'etc', 'proc', 'shm'), { minLength: 1, maxLength: 4 })
      .map((parts) => `/${parts.join('/')}`);
    const facts = fc
      .record({
        paths: fc.uniqueArray(path, { maxLength: 12 }),
        tmpfs: fc.boolean(),
        cgroup: fc.boolean(),
      })
      .map(({ paths, tmpfs, cgroup }) =>
        makeFacts({
          cgroup,
          mounts: paths.map((at) => (tmpfs ? makeTmpfs(at) : makeBind(at, { attributes: attribute.readonly }))),
        }),
      );
    fc.assert(
      fc.property(facts, (given) => {
        const plan = buildPlan(given);
        const filled = new Set(plan.supplied.keys());
        for (const op of [...plan.prepare, ...plan.enter]) {
          for (const [name, kind] of shapeOf(op.op).fields) {
            const slot = fieldsOf(op)[name];
            if (kind === 'slot') expect(filled.has(Number(slot)), `${op.op} reads ${slot}`).to.equal(true);
            if (kind === 'out' && slot !== null) {
              expect(filled.has(Number(slot)), `${op.op} fills ${slot} again`).to.equal(false);
              filled.add(Number(slot));
            }
          }
        }
        expect(filled.size).to.equal(plan.slots);
        const list = targets(plan);
        expect(new Set(list).size).to.equal(list.length);
        for (const [index, target] of list.entries()) {
          expect(list.slice(index + 1).some((later) => target.startsWith(`${later}/`))).to.equal(false);
        }
        expect(plan.enter.at(-1)?.op).to.equal('exec');
        encodePlan(plan);
      }),
    );
  });
});
