import { expect } from 'chai';
import { bootOrlopInit } from '../../../ts/plan/boot.ts';
import { namespaceFlag } from '../../../ts/plan/constants.ts';
import { encodePlan } from '../../../ts/plan/encode.ts';
import { buildExec, type ExecFacts } from '../../../ts/plan/exec.ts';
import { makeFacts } from '../../support/facts.ts';

describe('the plan of a further process of a container', () => {
  const { id, parentDeath, process } = makeFacts({});
  const facts: ExecFacts = {
    id,
    parentDeath,
    confined: null,
    appArmor: null,
    namespaces: ['mount', 'pid', 'ipc', 'uts', 'cgroup', 'network', 'user'],
    process: {
      ...process,
      noNewPrivileges: true,
      seccomp: new Uint8Array(8),
      rlimits: [{ resource: 'nofile', soft: 5n, hard: 6n }],
    },
  };
  const names = (changed: Partial<ExecFacts> = {}) => buildExec({ ...facts, ...changed }).enter.map(({ op }) => op);

  it('joins the user namespace first and the mount namespace last, and those of the container alone', () => {
    const joined = (changed: Partial<ExecFacts> = {}) =>
      buildExec({ ...facts, ...changed }).enter.flatMap((op) => (op.op === 'join' ? [op.kind] : []));
    expect(joined().at(0)).to.equal(namespaceFlag.user);
    expect(joined().at(-1)).to.equal(namespaceFlag.mount);
    expect(joined()).to.have.length(7);
    expect(joined({ namespaces: ['mount', 'pid'] })).to.deep.equal([namespaceFlag.pid, namespaceFlag.mount]);
  });

  it('takes on all restrictions before the container sees the process', () => {
    const before = names().slice(0, names().indexOf('fork'));
    expect(before).to.include.members(['bounding', 'ids', 'capabilities', 'no-new-privileges', 'close-fds', 'rlimit']);
    // The filter waits for the execution of the command.
    expect(before).to.include('seccomp');
    expect(names().slice(names().indexOf('fork'))).to.deep.equal(['fork', 'session', 'parent-death', 'exec']);
  });

  it('opens the null device of the container with no more rights than the container has', () => {
    expect(names().indexOf('stdio')).to.be.above(names().indexOf('capabilities'));
  });

  it('loads a filter without no-new-privileges while it may, and changes no user where there is one', () => {
    const open = names({ process: { ...facts.process, noNewPrivileges: false } });
    expect(open.indexOf('seccomp')).to.be.below(open.indexOf('ids'));
    expect(open).to.not.include('no-new-privileges');
    expect(names({ confined: { oneId: true } })).to.not.include('ids');
    expect(names({ confined: { oneId: false } })).to.include('ids');
  });

  it('asks for the profile of the container before all else, in the /proc of the caller', () => {
    const [first, ...others] = buildExec({ ...facts, appArmor: 'orlop-default' }).enter;
    expect(first).to.deep.include({ op: 'apparmor', profile: 'orlop-default' });
    expect(others.some((op) => 'proc' in op)).to.equal(false);
  });

  it('makes no directory', () => {
    expect(buildExec(facts).enter.find(({ op }) => op === 'chdir')).to.deep.include({ create: 0 });
  });

  it('is executed by an orlop-init that makes no namespace, with the score of the container', () => {
    const boot = (oomScore: number | null) =>
      bootOrlopInit('enter', { strategy: 'in-child', namespaces: [], parentDeath: 9, oomScore });
    expect(boot(null).supplied).to.deep.equal(['control', 'program', 'proc']);
    expect(boot(null).enter.map(({ op }) => op)).to.not.include('oom-score');
    expect(boot(-5).enter[0]).to.deep.include({ op: 'oom-score', value: '-5', proc: 2 });
    expect(boot(null).enter.at(-1)).to.deep.include({ op: 'exec-file', argv: ['orlop-init', 'enter'] });
    expect(encodePlan(boot(7)).bytes.length).to.be.above(0);
  });
});
