import { expect } from 'chai';
import { type Check, runChecks } from '../../../../ts/cli/doctor/checks.ts';
import { type Facts, gatherFacts } from '../../../../ts/cli/doctor/facts.ts';
import { trialNames } from '../../../../ts/cli/doctor/trial-plans.ts';
import { RequestError } from '../../../../ts/errors/index.ts';
import { isOneId, mapOf } from '../../../../ts/native/ids.ts';
import type { Isolation } from '../../../../ts/native/isolation-types.ts';
import { noRights, type Rights, rootRights } from '../../../../ts/native/rights.ts';
import { allSucceed, fakeAddon, orlop } from '../../../support/fake-orlop.ts';

const good: Facts = {
  kernel: '6.18.5-amd64',
  arch: 'x64',
  node: '22.12.0',
  uid: 0,
  capabilities: (1n << 41n) - 1n,
  overlay: true,
  namespaces: ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'],
  seccompActions: ['kill_process', 'errno', 'allow'],
  cgroup: 'v2',
  controllers: ['memory', 'cpu', 'pids'],
  scope: { why: 'no systemd', hint: 'log in' },
  store: { path: '/var/lib/orlop', fsType: 0xef53, nearest: '/var/lib' },
  separate: [],
  addon: { features: 0b111111, file: '/p/orlop.node', rights: rootRights },
  executables: { 'orlop-archive': { file: '/p/orlop-archive' }, 'orlop-init': { file: '/p/orlop-init' } },
  devices: { branch: { version: 2, base: '/', parent: '/', controllers: [] } },
  tried: allSucceed,
  launcher: { state: 'none' },
  appArmor: null,
  extraCerts: undefined,
};
const refused = new RequestError('ORLOP_E_PERMISSION', 'no user namespace', {
  hint: 'sysctl user.max_user_namespaces',
});

function userRights(subid: string): Rights {
  const map = mapOf(subid, 1000, ['alice']);
  const narrow = isOneId(map) ? 'no range' : null;
  return { kind: 'user', userNamespace: 9, launcher: true, launcherPid: 7, users: map, groups: map, narrow };
}

function asUser(rights: Rights): Partial<Facts> {
  return { uid: 1000, capabilities: 0n, addon: { features: 0b111111, file: '/p/orlop.node', rights } };
}

const lost = { error: 'cannot be executed', hint: 'chmod +x' };

function bad(changes: Partial<Facts>): readonly Check[] {
  return runChecks({ ...good, ...changes }).filter(({ status }) => status !== 'ok');
}

describe('the checks of doctor', () => {
  it('find nothing on a good machine', () => {
    expect(bad({})).to.deep.equal([]);
    expect(runChecks(good)).to.have.length.greaterThan(8);
  });

  it('say whether containers get a profile of AppArmor', () => {
    const check = (appArmor: Facts['appArmor']) =>
      runChecks({ ...good, appArmor }).find(({ name }) => name === 'AppArmor');
    expect(check(null)).to.deep.include({ status: 'ok', detail: 'off: containers get no profile' });
    expect(check({ mode: 'enforce' })).to.deep.include({
      status: 'ok',
      detail: `the profile 'orlop-default' (enforce)`,
    });
    expect(check({ mode: null })?.hint).to.include('doctor --fix');
    for (const mode of ['complain', 'unconfined']) {
      const { status, detail, hint } = check({ mode }) ?? {};
      expect({ status, hint }).to.deep.equal({ status: 'warn', hint: `'sudo aa-enforce orlop-default'` });
      expect(detail).to.include(`(${mode}) denies nothing`);
    }
  });

  it('say which limits can be held', () => {
    const detail = (changes: Partial<Facts>) =>
      runChecks({ ...good, ...changes }).find(({ name }) => name === 'cgroup')?.detail;
    expect(detail({})).to.equal('v2, limits of memory, cpu, pids');
    expect(detail({ cgroup: 'hybrid', controllers: [] })).to.equal('hybrid, not delegated: no limits');
    const user = { uid: 1000, controllers: [] };
    expect(detail(user)).to.equal('v2, not delegated: no limits, because no systemd');
    expect(bad(user).find(({ name }) => name === 'cgroup')?.hint).to.equal('log in');
    const scoped = { ...user, scope: { controllers: ['memory', 'pids'] } };
    expect(detail(scoped)).to.equal('v2, limits of memory, pids in a scope of systemd');
  });

  it('find nothing for a user with a range of IDs', () => {
    expect(bad(asUser(userRights('alice:100000:65536')))).to.deep.equal([]);
  });

  const cases: readonly [string, Partial<Facts>, status: string, name: string, hint: RegExp][] = [
    ['an old kernel', { kernel: '5.11.22' }, 'fail', 'kernel', /5\.12/],
    ['a very old kernel', { kernel: '4.19.0' }, 'fail', 'kernel', /5\.12/],
    ['no addon', { addon: { error: 'tried x', hint: 'build it' } }, 'fail', 'addon', /build/],
    ...(['orlop-archive', 'orlop-init'] as const).map((name): (typeof cases)[number] => [
      `no ${name}`,
      { executables: { ...good.executables, [name]: lost } },
      'warn',
      name,
      /chmod/,
    ]),
    ['a user without a user namespace', asUser(noRights(refused)), 'fail', 'user', /max_user_namespaces/],
    ['a user with one ID', asUser(userRights('')), 'warn', 'user', /usermod/],
    ['a launcher of another version', { launcher: { state: 'other' } }, 'warn', 'orlop-launcher', /doctor --fix/],
    [
      'a launcher that others can write',
      { launcher: { state: 'unsafe', why: `'/usr/local' does not belong to root` } },
      'warn',
      'orlop-launcher',
      /doctor --fix/,
    ],
    ['root in a container', { capabilities: 0x00000000a80425fbn }, 'fail', 'root', /capabilities/],
    ['no overlayfs', { overlay: false, tried: null }, 'fail', 'overlayfs', /modprobe/],
    ...trialNames.map((name): (typeof cases)[number] => [
      `that ${name} are refused`,
      { tried: { ...allSucceed, [name]: { error: 'EPERM', hint: 'the container around' } } },
      name === 'id map' ? 'warn' : 'fail',
      name,
      /container around/,
    ]),
    ['no network namespaces', { namespaces: ['mnt', 'pid'] }, 'fail', 'namespaces', /CONFIG_NAMESPACES/],
    ['no seccomp', { seccompActions: [] }, 'fail', 'seccomp', /SECCOMP/],
    [
      'no new mount calls',
      { addon: { features: 0b111110, file: '/p/orlop.node', rights: rootRights } },
      'warn',
      'system calls',
      /older/,
    ],
    ['no cgroups', { cgroup: 'none' }, 'warn', 'cgroup', /mount -t cgroup2/],
    ['a store on overlayfs', { store: { path: '/s', fsType: 0x794c7630, nearest: '/s' } }, 'fail', 'store', /--root/],
    ['no place for a store', { store: { error: 'no home', hint: '--root' } }, 'fail', 'store', /--root/],
    ['a store on NFS', { store: { path: '/s', fsType: 0x6969, nearest: '/' } }, 'fail', 'store', /--root/],
    ['a /usr of its own', { separate: ['/usr'] }, 'warn', `image 'host'`, /-v \/usr:\/usr:ro/],
    ['slow certificates', { node: '20.20.2', extraCerts: '/x.pem' }, 'warn', 'start time', /Node 22/],
  ];
  for (const [what, changes, status, name, hint] of cases) {
    it(`find ${what}, and only that`, () => {
      const found = bad(changes);
      expect(found.map((check) => [check.status, check.name])).to.deep.equal([[status, name]]);
      expect(found[0]?.hint).to.match(hint);
    });
  }

  for (const kernel of ['5.12', '5.12.0-1', '6.1.0-13-amd64', '10.0.0']) {
    it(`accept the kernel ${kernel}`, () => {
      expect(bad({ kernel })).to.deep.equal([]);
    });
  }
});

describe('the facts of doctor', () => {
  it('are those of this machine', async () => {
    const facts = await gatherFacts({
      env: {},
      cwd: '/',
      root: '/nonexistent/store',
      loadAddon: async () => ({ ...fakeAddon, features: () => 7 }),
    });
    expect(facts.uid).to.equal(process.geteuid?.());
    expect(facts.namespaces).to.include.members(['mnt', 'pid', 'uts']);
    expect(facts.store).to.have.property('path', '/nonexistent/store');
    expect(facts.addon).to.deep.equal({ features: 7, file: '/p/orlop.node', rights: rootRights });
    expect(['v1', 'v2', 'hybrid', 'none']).to.include(facts.cgroup);
  });

  it('keep the reason why the addon could not be loaded', async () => {
    const loadAddon = async () => {
      throw new Error('no such file');
    };
    const facts = await gatherFacts({ env: {}, cwd: '/', root: undefined, loadAddon });
    expect(facts.addon).to.deep.equal({ error: 'no such file' });
  });
});

describe('orlop doctor', () => {
  it('prints a line for each check, and ends with 1 exactly when one fails', async () => {
    const { status, stdout } = await orlop(['doctor', '--format', 'json']);
    const { checks, isolation } = JSON.parse(stdout) as { checks: readonly Check[]; isolation: Isolation };
    expect(status).to.equal(checks.some((check) => check.status === 'fail') ? 1 : 0);
    const text = (await orlop(['doctor'])).stdout;
    expect(isolation.namespaces.holds).to.equal(true);
    expect(isolation.cgroups).to.have.property('detail').that.is.a('string');
    for (const { name, detail } of checks) expect(text).to.include(`${name.padEnd(13)} ${detail}`);
  });
});
