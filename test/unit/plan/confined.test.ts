import { expect } from 'chai';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import { buildPlan } from '../../../ts/plan/build.ts';
import type { StartFacts } from '../../../ts/plan/facts.ts';
import { mountsPlan } from '../../../ts/plan/mounts-plan.ts';
import type { Op, Plan } from '../../../ts/plan/types.ts';
import { makeBind, makeFacts } from '../../support/facts.ts';

const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty'].map((name) => `/dev/${name}`);

function ofKind<Name extends Op['op']>(ops: readonly Op[], name: Name): Extract<Op, { op: Name }>[] {
  return ops.filter((op): op is Extract<Op, { op: Name }> => op.op === name);
}

function attached(plan: Plan): string[] {
  return ofKind(plan.enter, 'attach').map(({ target }) => target);
}

/** A plan in the user namespace of a caller who is not root. */
function confinedPlan({ oneId = false, ...changes }: Partial<StartFacts> & { readonly oneId?: boolean } = {}): Plan {
  return buildPlan(makeFacts({ confined: { oneId }, ...changes }));
}

describe('the plan of a start in a user namespace', () => {
  it('binds the devices of /dev, which it cannot make, after /dev itself', () => {
    const plan = confinedPlan();
    const made = ofKind(plan.prepare, 'device').map(({ reason }) => reason);
    expect(made).to.deep.equal(['for masked files']);
    expect(ofKind(plan.prepare, 'bind').map(({ source }) => source)).to.deep.equal(devices);
    const order = attached(plan);
    for (const device of devices) expect(order.indexOf(device)).to.be.greaterThan(order.indexOf('/dev'));
    // A user's /dev has what the user put there.
    const own = attached(confinedPlan({ mounts: [makeBind('/dev')] }));
    expect(own.filter((target) => target.startsWith('/dev/'))).to.deep.equal([]);
  });

  it('binds the /proc of the caller in the PID namespace of the host, for which the kernel mounts no other', () => {
    const { prepare } = confinedPlan({ hostPid: true });
    const [proc] = ofKind(prepare, 'bind').filter(({ source }) => source === '/proc');
    expect(proc).to.include({ type: 1, reason: 'default /proc' });
    expect(ofKind(prepare, 'proc')).to.deep.equal([]);
    expect(ofKind(confinedPlan().prepare, 'proc')).to.have.length(1);
  });

  it('has them prefetched like the rest of /dev', () => {
    const { names } = mountsPlan(makeFacts({ confined: { oneId: false } }));
    expect(names).to.include.members(devices.map((device) => `mount:${device}`));
    expect(mountsPlan(makeFacts()).names.some((name) => devices.includes(name.slice('mount:'.length)))).to.equal(false);
  });

  it('sets the user and the groups, but with one ID, where that is forbidden', () => {
    expect(ofKind(confinedPlan().enter, 'ids')).to.have.length(1);
    expect(ofKind(confinedPlan({ oneId: true }).enter, 'ids')).to.have.length(0);
    expect(ofKind(confinedPlan({ oneId: true }).enter, 'capabilities')).to.have.length(1);
    const groups = [false, true].map((oneId) => ofKind(confinedPlan({ oneId }).prepare, 'devpts')[0]?.gid);
    expect(groups).to.deep.equal([5, 0]);
  });

  it('binds /sys read-only where the network is the host’s, whose sysfs it cannot mount', () => {
    const plan = confinedPlan({ network: 'host' });
    expect(ofKind(plan.prepare, 'sysfs')).to.deep.equal([]);
    const bind = ofKind(plan.prepare, 'bind').find(({ source }) => source === '/sys');
    const set = ofKind(plan.prepare, 'attributes').find(({ mount }) => mount === bind?.mount);
    expect(set).to.include({ recursive: 1 });
    expect((set?.set ?? 0) & attribute.readonly).to.equal(attribute.readonly);
    expect(ofKind(confinedPlan().prepare, 'sysfs')).to.have.length(1);
  });

  describe('of the image host', () => {
    const parts = ['/etc', '/usr'].map((target) => ({ target, upper: `/u/diff${target}`, work: `/u/works${target}` }));
    const root = { ...makeFacts().root, userxattr: true, parts, bound: ['/var'] };

    it('has a union for each part, with an upper directory in that of the root', () => {
      const unions = ofKind(confinedPlan({ root }).prepare, 'overlay').map(({ layers, upper, options }) => [
        layers.join(),
        upper,
        options,
      ]);
      expect(unions.slice(1)).to.deep.equal([
        ['/etc', '/u/diff/etc', 2],
        ['/usr', '/u/diff/usr', 2],
      ]);
      expect(attached(confinedPlan({ root }))).to.include.members(['/etc', '/usr', '/var']);
    });

    it('binds a directory with mounts below it read-only, with them', () => {
      const { prepare } = confinedPlan({ root });
      const bind = ofKind(prepare, 'bind').find(({ source }) => source === '/var');
      expect(bind).to.include({ recursive: 1 });
      const set = ofKind(prepare, 'attributes').find(({ mount }) => mount === bind?.mount);
      expect(set).to.include({ recursive: 1, set: attribute.readonly | attribute.nodev });
    });

    it('makes all parts read-only with the root', () => {
      const sealed = ofKind(confinedPlan({ root: { ...root, readOnly: true } }).enter, 'readonly');
      expect(sealed.map(({ target }) => target)).to.include.members(['/etc', '/usr', '/']);
    });

    it('leaves a part out that the user mounts, and has mounts below a part above it', () => {
      const order = attached(confinedPlan({ root, mounts: [makeBind('/usr'), makeBind('/etc/data')] }));
      expect(order.filter((target) => target === '/usr')).to.have.length(1);
      expect(order.indexOf('/etc/data')).to.be.greaterThan(order.indexOf('/etc'));
    });
  });
});
