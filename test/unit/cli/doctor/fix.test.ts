import { expect } from 'chai';
import { type FixFacts, planFix, profilePath, profileText, wordsOf } from '../../../../ts/cli/doctor/fix.ts';
import { installedPath } from '../../../../ts/native/installed-launcher.ts';
import { orlop } from '../../../support/fake-orlop.ts';

const appArmor = { parser: '/sbin/apparmor_parser', knowsUserNamespaces: true, profile: null, loaded: false };
const fresh: FixFacts = { own: '/p/orlop-launcher', installed: { state: 'none' }, appArmor };

function kinds(changes: Partial<FixFacts>): readonly string[] {
  return planFix({ ...fresh, ...changes }).steps.map(({ kind }) => kind);
}

describe('the plan of doctor --fix', () => {
  it('installs the launcher, and a profile for its path only', () => {
    const { steps, notes } = planFix(fresh);
    expect(notes).to.deep.equal([]);
    expect(steps.map(wordsOf)).to.have.length(3);
    expect(wordsOf(steps[0] as never)).to.equal(
      `install ${installedPath}: a copy of /p/orlop-launcher, owned by root, mode 755`,
    );
    expect(wordsOf(steps[1] as never)).to.include(`    profile orlop-launcher ${installedPath} flags=(unconfined) {`);
    expect(wordsOf(steps[2] as never)).to.equal(`execute /sbin/apparmor_parser -r ${profilePath}`);
  });

  it('has no step left after it was done', () => {
    const done = { ...appArmor, profile: profileText, loaded: true };
    expect(kinds({ installed: { state: 'same' }, appArmor: done })).to.deep.equal([]);
  });

  const cases: readonly [string, Partial<FixFacts>, readonly string[]][] = [
    ['another version', { installed: { state: 'other' } }, ['install', 'write', 'load']],
    ['a launcher that others can write', { installed: { state: 'unsafe', why: 'mode' } }, ['install', 'write', 'load']],
    [
      'another text of the profile',
      { appArmor: { ...appArmor, profile: '#', loaded: true } },
      ['install', 'write', 'load'],
    ],
    ['a profile that is not loaded', { appArmor: { ...appArmor, profile: profileText } }, ['install', 'load']],
    [
      'a profile of which only root sees whether it is loaded',
      { appArmor: { ...appArmor, profile: profileText, loaded: null } },
      ['install', 'load'],
    ],
    ['no AppArmor', { appArmor: null }, ['install']],
    ['no parser', { appArmor: { ...appArmor, parser: null } }, ['install']],
    ['a parser before 4.0', { appArmor: { ...appArmor, knowsUserNamespaces: false } }, ['install']],
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
