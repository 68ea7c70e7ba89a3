import { expect } from 'chai';
import { emptyMountPoint } from '../../../ts/native/contract.ts';
import { defaultSysctls } from '../../../ts/plan/defaults.ts';
import { inForm } from '../../../ts/plan/form.ts';
import { makeFacts } from '../../support/facts.ts';

describe('the facts of a start in one of its forms', () => {
  const others = [
    { name: 'net.ipv4.ping_group_range', value: '1 0' },
    { name: 'net.ipv4.x', value: '1' },
    { name: 'kernel.x', value: '2' },
  ];
  const facts = makeFacts({ sysctls: [...defaultSysctls('none'), ...others] });
  const plain = { strategy: 'in-child', network: false, mounts: null } as const;

  it('are those that were found where nothing was prefetched', () => {
    const { strategy, networkPrefetched, mountsPrefetched, ...same } = inForm(facts, plain);
    expect(same).to.deep.equal(facts);
    expect({ strategy, networkPrefetched, mountsPrefetched }).to.deep.equal({
      strategy: 'in-child',
      networkPrefetched: false,
      mountsPrefetched: undefined,
    });
  });

  it('have the root filesystem in the empty mount namespace where an opener makes the mounts', () => {
    const { strategy, root } = inForm(facts, { ...plain, strategy: 'opener' });
    expect(strategy).to.equal('opener');
    expect(root).to.deep.equal({ ...facts.root, mountPoint: emptyMountPoint });
  });

  it('have no default parameter of a network namespace that was prefetched, and all that were asked for', () => {
    const { networkPrefetched, sysctls } = inForm(facts, { ...plain, network: true });
    expect(networkPrefetched).to.equal(true);
    expect(sysctls).to.deep.equal(others);
  });

  it('name the mounts that were prefetched', () => {
    const mounts = ['mount:/', 'mount:/dev'] as const;
    expect(inForm(facts, { ...plain, strategy: 'opener', mounts }).mountsPrefetched).to.deep.equal(mounts);
  });
});
