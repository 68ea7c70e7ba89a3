import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import type { Native, NativeMember, NativeProcess } from '../../ts/native/contract.ts';
import { encodePlan } from '../../ts/plan/encode.ts';
import { counts, ownDescriptors } from '../support/facts-of-life.ts';
import { requires } from '../support/require.ts';
import { plainPlan } from '../support/starts.ts';
import { until } from '../support/temporary.ts';

describe('a member of a pool, in the addon', () => {
  requires('addon');
  let native: Native;
  before(() => {
    native = loadNative();
  });

  const plan = encodePlan(plainPlan({ argv: ['/bin/true'] }));
  const options = { descriptors: [], features: 0 };

  it('refuses what is no plan, no member and no process', () => {
    expect(() => native.openMember(new Uint8Array(100), 0)).to.throw(TypeError, 'not well formed');
    for (const foreign of [null, {}, 7, { pid: 1 }]) {
      const member = foreign as unknown as NativeMember;
      expect(() => native.closeMember(member)).to.throw(TypeError, 'not a member');
      expect(() => native.memberOver(member)).to.throw(TypeError, 'not a member');
      expect(() => native.openVolumes(member, plan, 0, [])).to.throw(TypeError, 'not a member');
      expect(() => native.becomeApplication(member, plan, options)).to.throw(TypeError, 'not a member');
    }
    const { member } = native.openMember(plan, 0);
    expect(() => native.openVolumes(member, new Uint8Array(3), 0, [])).to.throw(TypeError, 'not well formed');
    expect(() => native.openVolumes(member, plan, 0, [0])).to.throw(TypeError, 'one for each supplied slot');
    expect(() => native.memberReady(member, {} as NativeProcess)).to.throw(TypeError, 'not a process');
    expect(() => native.becomeApplication(member, new Uint8Array(3), options)).to.throw(TypeError, 'not well formed');
    native.closeMember(member);
  });

  it('is gone for a request before it waits, and after it was closed', async () => {
    const { member } = native.openMember(plan, 0);
    native.openVolumes(member, plan, 0, []);
    expect(await native.becomeApplication(member, plan, options)).to.deep.include({ gone: true, failure: null });
    const over = native.memberOver(member);
    native.closeMember(member);
    await over;
    native.closeMember(member);
    expect(await native.becomeApplication(member, plan, options)).to.deep.include({ gone: true, failure: null });
  });

  it('leaves no descriptor when it is closed', async () => {
    // The thread that listens, and what it listens with, are there from the first one on.
    native.closeMember(native.openMember(plan, 0).member);
    const before = counts(ownDescriptors());
    for (let round = 0; round < 50; round++) native.closeMember(native.openMember(plan, 0).member);
    await until('the descriptors to be as before', () => counts(ownDescriptors()).socket === before.socket);
    expect(counts(ownDescriptors())).to.deep.equal(before);
  });
});
