import { expect } from 'chai';
import { buildPlan } from '../../../ts/plan/build.ts';
import { inForm } from '../../../ts/plan/form.ts';
import type { Op, Plan } from '../../../ts/plan/types.ts';
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

const named = (ops: readonly Op[], name: Op['op']) => ops.filter(({ op }) => op === name);

describe('a plan with a user namespace', () => {
  const plan = planOf();

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
    expect([...new Set(plan.prepare.map(({ op }) => op))]).to.have.members(['bind', 'idmap']);
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
