import { expect } from 'chai';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import { buildPlan } from '../../../ts/plan/build.ts';
import { defaultDevices } from '../../../ts/plan/devices.ts';
import { inForm } from '../../../ts/plan/form.ts';
import type { Op, Plan } from '../../../ts/plan/types.ts';
import { makeProcess } from '../../support/facts.ts';
import { shellFacts } from '../../support/run-plan.ts';

const userNamespace = { first: null, size: 65536 };
const root = {
  layers: ['/layers/b', '/layers/a'],
  upper: '/layers/c/diff',
  work: '/layers/c/work',
  mountPoint: '/mnt/c',
  volatile: true,
  userxattr: true,
  readOnly: false,
};
const data = {
  kind: 'bind',
  target: '/data',
  source: '/src',
  type: 'directory',
  attributes: 0,
  recursive: true,
  reason: 'host /src',
  device: 0n,
  inode: 0n,
} as const;

function planOf(changes = {}): Plan {
  const facts = shellFacts(root, 'true', { userNamespace, confined: { oneId: false }, mounts: [data], ...changes });
  return buildPlan(inForm(facts, { strategy: 'opener', network: false, mounts: null }));
}

const scored = makeProcess({ oomScore: 500 });
const named = (ops: readonly Op[], name: Op['op']) => ops.filter(({ op }) => op === name);

describe('a plan with a user namespace', () => {
  const plan = planOf();

  it('sets the OOM score before the process becomes root: then the file belongs to root of the machine', () => {
    const [first, second] = planOf({ process: scored }).enter;
    expect(first).to.include({ op: 'oom-score', proc: null, value: '500' });
    expect(second?.op).to.equal('ids');
    expect(named(planOf({ process: scored, userNamespace: null }).enter, 'oom-score')).to.have.length(1);
  });

  it('makes the namespace, with a network of its own, and gets the IDs from the caller', () => {
    expect(plan.namespaces).to.include.members(['user', 'network']);
    expect(plan.supplied).to.deep.equal(['stdin', 'stdout', 'stderr', 'range']);
  });

  it('has the opener map layers and sources, and nothing else', () => {
    const mapped = new Set(plan.prepare.flatMap((op) => (op.op === 'idmap' ? [op.mount] : [])));
    const sources = plan.prepare.flatMap((op) => (op.op === 'bind' && mapped.has(op.mount) ? [op.source] : []));
    expect(sources).to.deep.equal(['/layers/b', '/layers/a', '/layers/c', '/src']);
    // The host's devices keep their owners.
    expect(plan.prepare.flatMap((op) => (op.op === 'bind' ? [op.source] : []))).to.include('/dev/null');
    expect([...new Set(plan.prepare.map(({ op }) => op))]).to.have.members(['bind', 'idmap', 'attributes']);
  });

  it("binds the host's devices read-only: with all IDs under their numbers, root owns them", () => {
    const readOnly = new Set(
      plan.prepare.flatMap((op) => (op.op === 'attributes' && (op.set & attribute.readonly) !== 0 ? [op.mount] : [])),
    );
    const devices = plan.prepare.flatMap((op) => (op.op === 'bind' && op.source.startsWith('/dev/') ? [op.mount] : []));
    expect(devices).to.have.length(defaultDevices.length);
    expect(devices.filter((mount) => !readOnly.has(mount))).to.deep.equal([]);
  });

  it('has the container init process become root first, and make what belongs to it', () => {
    expect(plan.enter[0]).to.include({ op: 'ids', uid: 0, gid: 0 });
    for (const name of ['overlay', 'tmpfs', 'devpts', 'proc', 'sysfs'] as const) {
      expect(named(plan.enter, name), name).not.to.deep.equal([]);
    }
    const [union] = named(plan.enter, 'overlay');
    expect(union).to.deep.include({
      layers: ['/rootfs/layer0', '/rootfs/layer1'],
      upper: '/rootfs/own/diff',
      work: '/rootfs/own/work',
    });
    const placed = plan.enter.flatMap((op) => (op.op === 'place' ? [op.at] : []));
    expect(placed).to.deep.equal(['/rootfs/layer0', '/rootfs/layer1', '/rootfs/own']);
  });

  it('is another than without one, where nothing is mapped', () => {
    const other = planOf({ userNamespace: null, confined: null });
    expect(named([...other.prepare, ...other.enter], 'idmap')).to.deep.equal([]);
    expect(other.namespaces).not.to.include('user');
    expect(named(other.prepare, 'overlay')).to.have.length(1);
  });
});
