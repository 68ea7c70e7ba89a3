import { expect } from 'chai';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import { buildPlan } from '../../../ts/plan/build.ts';
import type { StartFacts } from '../../../ts/plan/facts.ts';
import type { Op } from '../../../ts/plan/types.ts';
import { buildApplication, buildWaiting } from '../../../ts/plan/waiting.ts';
import { makeFacts, makeProcess } from '../../support/facts.ts';

const named = (ops: readonly Op[], name: Op['op']) => ops.filter(({ op }) => op === name);
const procOf = (ops: readonly Op[]) => ops.flatMap((op) => (op.op === 'proc' ? [op.mount] : []))[0];

function planOf(changes: Partial<StartFacts>) {
  return buildPlan(makeFacts({ appArmor: 'mine', ...changes }));
}

describe('a plan with a profile of AppArmor', () => {
  for (const strategy of ['in-child', 'opener'] as const) {
    it(`sets it in a procfs that is in no mount table yet, ${strategy}`, () => {
      const { prepare, enter } = planOf({ strategy });
      const all = [...prepare, ...enter];
      const [op, more] = named(all, 'apparmor');
      expect(op).to.include({ profile: 'mine', proc: procOf(all) });
      expect(more).to.equal(undefined);
      const at = (name: Op['op']) => all.findIndex((one) => one.op === name);
      expect(at('proc')).to.be.lessThan(at('apparmor'));
      for (const later of ['root', 'attach', 'no-new-privileges', 'seccomp', 'exec'] as const) {
        expect(at('apparmor'), later).to.be.lessThan(at(later));
      }
      // It is the process that executes the application which changes.
      if (strategy === 'opener') expect(named(enter, 'apparmor')).to.have.length(1);
    });
  }

  it('has a procfs made for it where the user mounts something at /proc', () => {
    const proc = { kind: 'tmpfs', target: '/proc', attributes: 0, reason: 'tmpfs' } as const;
    const { prepare } = planOf({ mounts: [proc] });
    expect(named(prepare, 'apparmor')).to.deep.include({
      op: 'apparmor',
      reason: 'mandatory access control',
      proc: null,
      profile: 'mine',
    });
  });

  it("sets it in a clone of the caller's /proc, where the container gets that read-only", () => {
    const { prepare, enter } = planOf({ hostSystem: true, strategy: 'opener' });
    const [op] = named(enter, 'apparmor');
    const slot = op?.op === 'apparmor' ? op.proc : null;
    const clone = prepare.find((one) => one.op === 'bind' && one.mount === slot);
    expect(clone).to.include({ source: '/proc', recursive: 1 });
    // Nothing attaches it, or makes it read-only, as the one of the container is.
    const touched = [...prepare, ...enter].filter((one) => 'mount' in one && one.mount === slot);
    expect(touched).to.deep.equal([clone]);
    const readonly = prepare.flatMap((one) =>
      one.op === 'attributes' && one.set & attribute.readonly ? [one.mount] : [],
    );
    expect(readonly).to.have.length.greaterThan(0);
  });

  it('sets it in a waiting container once, after orlop-init was executed', () => {
    const waiting = buildWaiting(makeFacts({ appArmor: 'mine' }));
    expect(named(waiting.boot.enter, 'apparmor')).to.deep.equal([]);
    expect(named(waiting.prepare.enter, 'apparmor')).to.have.length(1);
    const application = buildApplication(waiting, { mounts: [], process: makeProcess() });
    expect(named([...application.prepare, ...application.enter], 'apparmor')).to.deep.equal([]);
    expect(named([...waiting.prepare.enter, ...application.enter], 'exec-file')).to.deep.equal([]);
  });

  it('has no such operation without one', () => {
    for (const appArmor of [null, undefined]) {
      const { prepare, enter } = planOf({ appArmor });
      expect(named([...prepare, ...enter], 'apparmor')).to.deep.equal([]);
    }
  });
});
