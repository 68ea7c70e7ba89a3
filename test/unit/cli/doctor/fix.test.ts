import { expect } from 'chai';
import {
  type FixFacts,
  launcherText,
  type ProfileFacts,
  planFix,
  profilePath,
  wordsOf,
} from '../../../../ts/cli/doctor/fix.ts';
import { installedPath } from '../../../../ts/native/installed-launcher.ts';
import { orlop } from '../../../support/fake-orlop.ts';

const text = 'profile orlop-default {}\n';
const none = { text: null, loaded: false };
const all = { text: launcherText, loaded: true };
const both = { text, loaded: true };
const appArmor = {
  parser: '/sbin/apparmor_parser',
  knows: { '3.0': true, '4.0': true },
  profiles: { 'orlop-launcher': none, 'orlop-default': none },
} as const;
const fresh: FixFacts = { own: '/p/orlop-launcher', installed: { state: 'none' }, text, appArmor };

/** With the profile of containers as it should be, and another state of the launcher's. */
function withLauncher(launcher: ProfileFacts): Partial<FixFacts> {
  return { appArmor: { ...appArmor, profiles: { 'orlop-launcher': launcher, 'orlop-default': both } } };
}

function withDefault(profile: ProfileFacts): Partial<FixFacts> {
  return { appArmor: { ...appArmor, profiles: { 'orlop-launcher': all, 'orlop-default': profile } } };
}

function kinds(changes: Partial<FixFacts>): readonly string[] {
  return planFix({ ...fresh, ...changes }).steps.map(({ kind }) => kind);
}

describe('the plan of doctor --fix', () => {
  it('installs the launcher, a profile for its path only, and the profile of containers', () => {
    const { steps, notes } = planFix(fresh);
    expect(notes).to.deep.equal([]);
    expect(steps.map(wordsOf)).to.have.length(5);
    expect(wordsOf(steps[0] as never)).to.equal(
      `install ${installedPath}: a copy of /p/orlop-launcher, owned by root, mode 755`,
    );
    expect(wordsOf(steps[1] as never)).to.include(`    profile orlop-launcher ${installedPath} flags=(unconfined) {`);
    expect(wordsOf(steps[2] as never)).to.equal(`execute /sbin/apparmor_parser -r /etc/apparmor.d/orlop-launcher`);
    expect(steps[3]).to.deep.equal({ kind: 'write', path: '/etc/apparmor.d/orlop-default', text });
    expect(wordsOf(steps[4] as never)).to.equal(`execute /sbin/apparmor_parser -r ${profilePath('orlop-default')}`);
  });

  it('has no step left after it was done', () => {
    expect(kinds({ installed: { state: 'same' }, ...withLauncher(all) })).to.deep.equal([]);
  });

  const cases: readonly [string, Partial<FixFacts>, readonly string[]][] = [
    ['another version', { installed: { state: 'other' }, ...withLauncher(all) }, ['install']],
    [
      'a launcher that others can write',
      { installed: { state: 'unsafe', why: 'mode' }, ...withLauncher(all) },
      ['install'],
    ],
    ['another text of its profile', withLauncher({ text: '#', loaded: true }), ['install', 'write', 'load']],
    ['its profile not loaded', withLauncher({ text: launcherText, loaded: false }), ['install', 'load']],
    [
      'another text of the profile of containers',
      withDefault({ text: '#', loaded: true }),
      ['install', 'write', 'load'],
    ],
    ['that not loaded', withDefault({ text, loaded: false }), ['install', 'load']],
    ['no AppArmor', { appArmor: null }, ['install']],
    ['no parser', { appArmor: { ...appArmor, parser: null } }, ['install']],
    [
      'a parser before 4.0',
      { appArmor: { ...appArmor, knows: { '3.0': true, '4.0': false } } },
      ['install', 'write', 'load'],
    ],
    ['a parser before 3.0', { appArmor: { ...appArmor, knows: { '3.0': false, '4.0': false } } }, ['install']],
  ];
  for (const [what, changes, steps] of cases) {
    it(`with ${what} is: ${steps.join(', ')}`, () => {
      expect(kinds(changes)).to.deep.equal(steps);
    });
  }

  it('says why there is no profile', () => {
    expect(planFix({ ...fresh, appArmor: null }).notes.join()).to.include('AppArmor is off');
    expect(planFix({ ...fresh, appArmor: { ...appArmor, parser: null } }).notes.join()).to.include(
      'install the package',
    );
  });

  it('is not printed as JSON', async () => {
    const { status, stderr } = await orlop(['doctor', '--fix', '--format', 'json']);
    expect(status).to.equal(125);
    expect(stderr).to.include('--format');
  });
});
