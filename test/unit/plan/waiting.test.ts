import { expect } from 'chai';
import { buildPlan } from '../../../ts/plan/build.ts';
import { encodePlan } from '../../../ts/plan/encode.ts';
import type { StartFacts } from '../../../ts/plan/facts.ts';
import type { Op, Plan } from '../../../ts/plan/types.ts';
import { belongBelow, buildApplication, buildWaiting } from '../../../ts/plan/waiting.ts';
import { makeBind, makeFacts } from '../../support/facts.ts';

const all = ({ prepare, enter }: Pick<Plan, 'prepare' | 'enter'>): Op[] => [...prepare, ...enter];
const names = (plan: Pick<Plan, 'prepare' | 'enter'>) => all(plan).map(({ op }) => op);

describe('the plans of a waiting container', () => {
  const content = new TextEncoder().encode('content');
  const facts = makeFacts({ files: { hosts: content, hostname: content, resolvConf: content } });
  const member = buildWaiting(facts);

  it('do together what the plan of a start does', () => {
    const application = buildApplication(member, { mounts: [], process: facts.process });
    const start = buildPlan({ ...facts, strategy: 'opener' });
    const before = names(member.boot).filter((name) => name === 'session' || name === 'signals');
    const together = [...before, ...names(member.prepare), ...names(application)];
    expect(together.sort()).to.deep.equal(names(start).sort());
  });

  it('start orlop-init in the namespaces of the container, with nothing but its socket', () => {
    expect(member.boot.namespaces).to.deep.equal(buildPlan(facts).namespaces);
    expect(member.boot.supplied).to.deep.equal(['control', 'program']);
    expect(member.boot.prepare).to.deep.equal([]);
    expect(member.boot.enter.at(-1)).to.deep.include({ op: 'exec-file', file: 1, argv: ['orlop-init', 'wait'] });
    expect(names(member.boot)).to.include.members(['parent-death', 'close-fds', 'session']);
  });

  it('have all that the host gives made by an opener, and change the root before they wait', () => {
    for (const plan of [
      member.boot,
      member.prepare,
      buildApplication(member, { mounts: [], process: facts.process }),
    ]) {
      expect(plan.strategy).to.equal('opener');
      expect(names(plan)).to.not.include('propagation');
    }
    expect(names(member.prepare)).to.include('pivot');
    expect(names(member.prepare)).to.not.include('exec');
    expect(member.prepare.supplied).to.deep.equal([]);
  });

  it('give up for good what the application may not gain before they wait, and all else after their last mount', () => {
    const prepared = names(member.prepare);
    expect(prepared).to.include.members(['keyring', 'bounding']);
    for (const name of ['ids', 'capabilities', 'seccomp', 'no-new-privileges', 'parent-death', 'close-fds'] as const) {
      expect(prepared).to.not.include(name);
    }
    for (const noNewPrivileges of [true, false]) {
      const process = { ...facts.process, noNewPrivileges, seccomp: new Uint8Array(8) };
      const application = names(buildApplication(member, { mounts: [makeBind('/a')], process }));
      for (const name of ['ids', 'capabilities', 'seccomp'] as const) {
        expect(application.indexOf(name)).to.be.greaterThan(application.lastIndexOf('attach'));
      }
    }
  });

  it('leave the slots of the streams free, and use no slot twice', () => {
    const application = buildApplication(member, { mounts: [makeBind('/a')], process: facts.process });
    const filled = [...all(member.prepare), ...all(application)].flatMap((op) =>
      'mount' in op && ['bind', 'tmpfs', 'overlay', 'proc', 'sysfs', 'devpts', 'mqueue', 'cgroup'].includes(op.op)
        ? [op.mount]
        : [],
    );
    expect(new Set(filled).size).to.equal(filled.length);
    expect(filled.every((slot) => slot !== null && slot >= 3)).to.equal(true);
    expect(application.slots).to.be.greaterThan(member.prepare.slots);
    // The form has no objection.
    for (const plan of [member.boot, member.prepare, application])
      expect(encodePlan(plan).bytes.length).to.be.greaterThan(32);
  });

  it('have volumes opened and attached by the program, parents first', () => {
    const { enter, prepare, supplied } = buildApplication(member, {
      mounts: [makeBind('/a/b/c'), makeBind('/a'), makeBind('/a/b')],
      process: facts.process,
    });
    const names = prepare.map(({ op }) => op);
    expect(names.filter((name) => name === 'bind').length).to.equal(3);
    expect(names.indexOf('join')).to.be.within(names.lastIndexOf('bind'), names.indexOf('attach'));
    expect(prepare.find(({ op }) => op === 'join')).to.deep.include({ namespace: supplied.indexOf('container') });
    const targets = prepare.flatMap((op) => (op.op === 'attach' ? [op.target] : []));
    expect(targets).to.deep.equal(['/a', '/a/b', '/a/b/c']);
    expect(enter.map(({ op }) => op)).to.not.include.members(['attach', 'join']);
  });

  it('join no container where nothing is to be attached', () => {
    expect(buildApplication(member, { mounts: [], process: facts.process }).prepare).to.deep.equal([]);
  });

  it('make the root filesystem read-only when the volumes are there, and the working directory', () => {
    const readOnly = buildWaiting({ ...facts, root: { ...facts.root, readOnly: true } });
    const application = buildApplication(readOnly, { mounts: [makeBind('/a')], process: facts.process });
    expect(application.prepare.map(({ op }) => op)).to.deep.equal(['bind', 'join', 'attach', 'chdir', 'readonly']);
    expect(names(readOnly.prepare)).to.include('pivot');
    expect(readOnly.prepare.enter.filter((op) => op.op === 'readonly' && op.target === '/')).to.deep.equal([]);
  });

  it('are not for volumes that would hide the files of /etc, or what is masked', () => {
    expect(belongBelow([makeBind('/etc')])).to.equal(true);
    expect(belongBelow([makeBind('/a'), makeBind('/etc')])).to.equal(true);
    expect(belongBelow([])).to.equal(false);
    expect(
      belongBelow([makeBind('/etc/hosts'), makeBind('/etc/sub'), makeBind('/a/etc'), makeBind('/a/sys')]),
    ).to.equal(false);
    for (const target of ['/sys', '/sys/firmware', '/sys/fs/own']) {
      expect(belongBelow([makeBind('/a'), makeBind(target)]), target).to.equal(true);
    }
  });

  it('load the default filter before they wait, when it cannot be shed, and any other one last', () => {
    const plans = (changes: Partial<StartFacts>, process: Partial<StartFacts['process']> = {}) => {
      const changed = { ...facts.process, seccomp: new Uint8Array(8), noNewPrivileges: true, ...process };
      const built = buildWaiting({ ...facts, ...changes, process: changed });
      const application = buildApplication(built, { mounts: [], process: changed });
      return [built.prepare, application].map((plan) => names(plan).includes('seccomp'));
    };
    expect(plans({ defaultFilter: true })).to.deep.equal([true, false]);
    expect(plans({ defaultFilter: false })).to.deep.equal([false, true]);
    expect(plans({ defaultFilter: true }, { noNewPrivileges: false })).to.deep.equal([false, true]);
    expect(plans({ defaultFilter: true }, { seccomp: null })).to.deep.equal([false, false]);
  });
});
