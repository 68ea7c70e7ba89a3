import { expect } from 'chai';
import { trialNames, trialPlans } from '../../../../ts/cli/doctor/trial-plans.ts';
import { encodePlan } from '../../../../ts/plan/encode.ts';

describe('the trials of doctor', () => {
  const plans = trialPlans({ directory: '/store/.trial', userxattr: true, filter: new Uint8Array(8) });

  for (const name of trialNames) {
    it(`execute no program: ${name}`, () => {
      const { enter, prepare } = plans[name];
      expect(enter.at(-1)).to.include({ op: 'exec' }).and.have.deep.property('candidates', ['/']);
      expect([...prepare, ...enter].filter(({ op }) => op === 'exec')).to.have.length(1);
      expect(() => encodePlan(plans[name])).not.to.throw();
    });

    it(`mount nothing that the host sees: ${name}`, () => {
      const { namespaces, prepare, enter } = plans[name];
      const mounting = [...prepare, ...enter].filter(({ op }) => ['tmpfs', 'overlay', 'proc'].includes(op));
      expect(mounting.length > 0).to.equal(namespaces.includes('mount'));
      if (mounting.length > 0) expect(prepare[0]).to.include({ op: 'propagation', path: '/', recursive: 1 });
    });
  }

  it('write into the directory on the file system of the store only', () => {
    const union = plans.overlayfs.prepare.find(({ op }) => op === 'overlay');
    expect(union).to.include({ upper: '/store/.trial/upper', work: '/store/.trial/work' });
  });
});
