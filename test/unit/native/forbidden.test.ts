import { expect } from 'chai';
import type { LauncherRefusal } from '../../../ts/native/contract.ts';
import { aroundOf, explain, profileOf, type Surroundings, step } from '../../../ts/native/forbidden.ts';

function refusal(at: keyof typeof step, code: string, text = ''): LauncherRefusal {
  return Object.assign(new Error(`${code}: refused, unshare`), { step: step[at], code, text });
}

const nothing: Surroundings = {
  around: 'machine',
  filtered: false,
  lacksRoot: false,
  profile: '',
  sysctl: {
    'user.max_user_namespaces': '1000',
    'kernel.unprivileged_userns_clone': '',
    'kernel.apparmor_restrict_unprivileged_userns': '',
  },
};
const withSysctl = (name: keyof Surroundings['sysctl'], value: string): Surroundings => ({
  ...nothing,
  sysctl: { ...nothing.sysctl, [name]: value },
});
const inside = (around: Surroundings['around']): Surroundings => ({ ...nothing, around, filtered: true });

describe('a caller who can make no user namespace', () => {
  const cases: readonly [string, LauncherRefusal, Surroundings, RegExp][] = [
    [
      'none are allowed',
      refusal('userNamespace', 'ENOSPC'),
      withSysctl('user.max_user_namespaces', '0'),
      /user\.max_user_namespaces is 0/,
    ],
    ['they are used up', refusal('userNamespace', 'ENOSPC'), nothing, /\(1000\) is reached/],
    [
      'only root makes them',
      refusal('userNamespace', 'EPERM'),
      withSysctl('kernel.unprivileged_userns_clone', '0'),
      /kernel\.unprivileged_userns_clone is 0/,
    ],
    [
      'AppArmor restricts them',
      refusal('mountNamespace', 'EPERM'),
      withSysctl('kernel.apparmor_restrict_unprivileged_userns', '1'),
      /AppArmor restricts.*sudo orlop doctor --fix/,
    ],
    [
      'a profile of AppArmor denies them',
      refusal('userNamespace', 'EACCES'),
      { ...nothing, profile: 'node' },
      /AppArmor's profile 'node'/,
    ],
    ['a filter denies them', refusal('userNamespace', 'EPERM'), { ...nothing, filtered: true }, /seccomp\(2\)/],
    ['Docker is around', refusal('userNamespace', 'EPERM'), inside('docker'), /docker run --security-opt seccomp=/],
    [
      'Docker denies the mounts',
      refusal('propagation', 'EACCES'),
      { ...inside('docker'), filtered: false, profile: 'docker-default' },
      /profile 'docker-default' .*apparmor=unconfined/,
    ],
    [
      'root lacks a capability for it',
      refusal('map', 'EPERM'),
      { ...inside('podman'), lacksRoot: true },
      /podman run --cap-add SETFCAP/,
    ],
    ['Podman is around', refusal('map', 'EPERM'), inside('podman'), /podman run .*unmask=ALL/],
    ['Kubernetes is around', refusal('userNamespace', 'EPERM'), inside('kubernetes'), /hostUsers: false.*Unmasked/],
    [
      `it is a runner of GitHub's`,
      refusal('map', 'EPERM'),
      { ...withSysctl('kernel.apparmor_restrict_unprivileged_userns', '1'), around: 'github' },
      /sudo npx orlop doctor --fix/,
    ],
    ['nothing is known', refusal('userNamespace', 'EPERM'), nothing, /'orlop doctor'.*sudo/],
    ['a helper fails', refusal('byHelper', 'EPERM', 'newuidmap: not allowed\n'), nothing, /orlop doctor/],
  ];
  for (const [what, refused, found, hint] of cases) {
    it(`is told in one line what to do where ${what}`, () => {
      const error = explain(refused, found);
      expect(error.code).to.equal('ORLOP_E_PERMISSION');
      expect(error.message).to.include('refused, unshare').and.include(refused.text.trim());
      expect(error.hint).to.match(hint).and.not.include('\n');
      // Nobody is told to switch a protection of the machine off.
      expect(error.hint).not.to.match(/sysctl -w|=0\b/);
    });
  }

  it('finds what is around', () => {
    const at = (paths: readonly string[], env = {}) => aroundOf(env, (path) => paths.includes(path));
    expect(at([])).to.equal('machine');
    expect(at([], { GITHUB_ACTIONS: 'true' })).to.equal('github');
    // A job's own container has Docker's rules.
    expect(at(['/.dockerenv'], { GITHUB_ACTIONS: 'true' })).to.equal('docker');
    expect(at(['/run/.containerenv'])).to.equal('podman');
    expect(at(['/.dockerenv'], { KUBERNETES_SERVICE_HOST: '10.0.0.1' })).to.equal('kubernetes');
  });

  it('reads the label of a security module', () => {
    expect(profileOf('docker-default (enforce)\n')).to.equal('docker-default');
    expect(profileOf('unconfined\n')).to.equal('');
    expect(profileOf('unconfined_u:unconfined_r:unconfined_t:s0\0')).to.equal('');
    expect(profileOf('')).to.equal('');
  });
});
