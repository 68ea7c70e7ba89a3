import { expect } from 'chai';
import { buildPlan } from '../../../ts/plan/build.ts';
import { encodePlan } from '../../../ts/plan/encode.ts';
import type { BindMount } from '../../../ts/plan/facts.ts';
import { buildApplication, buildMember } from '../../../ts/plan/member.ts';
import type { Op, Plan } from '../../../ts/plan/types.ts';
import { makeFacts } from '../../support/facts.ts';

const all = ({ prepare, enter }: Pick<Plan, 'prepare' | 'enter'>): Op[] => [...prepare, ...enter];
const names = (plan: Pick<Plan, 'prepare' | 'enter'>) => all(plan).map(({ op }) => op);

function bind(target: string, source = `/host${target}`): BindMount {
  return {
    kind: 'bind',
    source,
    device: 1n,
    inode: 2n,
    type: 'directory',
    target,
    readonly: false,
    recursive: true,
    nosuid: false,
    nodev: false,
    noexec: false,
    reason: 'test',
  };
}

describe('the plans of a member of a pool', () => {
  const content = new TextEncoder().encode('content');
  const facts = makeFacts({ files: { hosts: content, hostname: content, resolvConf: content } });
  const member = buildMember(facts, '/lib/orlop-init');

  it('do together what the plan of a start does', () => {
    const application = buildApplication(member, { mounts: [], process: facts.process });
    const start = buildPlan(facts);
    expect([...names(member.prepare), ...names(application)].sort()).to.deep.equal(names(start).sort());
  });

  it('start orlop-init in the namespaces of the container, with nothing but its socket', () => {
    expect(member.boot.namespaces).to.deep.equal(buildPlan(facts).namespaces);
    expect(member.boot.supplied).to.deep.equal(['control']);
    const exec = member.boot.enter.at(-1);
    expect(exec).to.deep.include({ op: 'exec', candidates: ['/lib/orlop-init'], env: [] });
    expect(names(member.boot)).to.include.members(['parent-death', 'close-fds', 'session']);
  });

  it('prepare up to the change of the root, as a slave of the host', () => {
    expect(names(member.prepare)).to.not.include.members(['pivot']);
    expect(names(member.prepare)).to.not.include.members(['exec']);
    expect(member.prepare.prepare[0]).to.deep.include({ op: 'propagation', path: '/', mode: 2, recursive: 1 });
    expect(member.prepare.supplied).to.deep.equal([]);
  });

  it('leave the slots of the streams free, and use no slot twice', () => {
    const application = buildApplication(member, { mounts: [bind('/a')], process: facts.process });
    const filled = [...all(member.prepare), ...all(application)].flatMap((op) =>
      'tree' in op && ['bind', 'tmpfs', 'overlay', 'proc', 'sysfs', 'devpts', 'mqueue', 'cgroup'].includes(op.op)
        ? [op.tree]
        : [],
    );
    expect(new Set(filled).size).to.equal(filled.length);
    expect(filled.every((slot) => slot !== null && slot >= 3)).to.equal(true);
    expect(application.slots).to.be.greaterThan(member.prepare.slots);
    // The form has no objection.
    for (const plan of [member.boot, member.prepare, application])
      expect(encodePlan(plan).length).to.be.greaterThan(32);
  });

  it('attach volumes, parents first, before the root is changed', () => {
    const { enter, prepare } = buildApplication(member, {
      mounts: [bind('/a/b/c'), bind('/a'), bind('/a/b')],
      process: facts.process,
    });
    expect(prepare.filter(({ op }) => op === 'bind').length).to.equal(3);
    const targets = enter.flatMap((op) => (op.op === 'attach' ? [op.target] : []));
    expect(targets).to.deep.equal(['/a', '/a/b', '/a/b/c']);
    const pivot = enter.findIndex(({ op }) => op === 'pivot');
    expect(enter.findLastIndex(({ op }) => op === 'attach')).to.be.below(pivot);
  });

  it('move the files of /etc above a volume there, unless that is one of them', () => {
    const attached = (mounts: readonly BindMount[]) =>
      buildApplication(member, { mounts, process: facts.process }).enter.flatMap((op) =>
        op.op === 'attach' ? [op.target] : [],
      );
    const files = member.files.map(({ target }) => target);
    expect(files).to.include('/etc/hosts');
    expect(attached([bind('/etc')])).to.deep.equal(['/etc', ...files]);
    expect(attached([bind('/etc/hosts')])).to.deep.equal(['/etc/hosts']);
    expect(attached([bind('/etc'), bind('/etc/hosts')])).to.deep.equal([
      '/etc',
      '/etc/hosts',
      ...files.filter((target) => target !== '/etc/hosts'),
    ]);
  });
});
