import { expect } from 'chai';
import { labelOf } from '../../../ts/linux/app-armor.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';

// test/vm shows what a machine does that has AppArmor or SELinux.
describe('mandatory access control, where the machine has none', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'no-access-control');
  const fixture = withOrlop();

  const asked = [
    [
      { securityOpt: ['apparmor=orlop-default'] },
      /'orlop-default' takes AppArmor, which is off/,
      /apparmor=unconfined/,
    ],
    [{ securityOpt: ['apparmor=/usr/bin/man'] }, /'\/usr\/bin\/man' takes AppArmor, which is off/, /leave/],
    [{ securityOpt: ['label=type:container_t'] }, /this machine has no SELinux/, /leave it out/],
    [{ volumes: ['data:/test:z'] }, /has 'z', and this machine has no SELinux/, /leave it out/],
    [{ volumes: ['/srv:/test:ro,Z'] }, /has 'Z', and this machine has no SELinux/, /leave it out/],
  ] as const;
  for (const [options, message, hint] of asked) {
    it(`is refused, and nothing is made: ${JSON.stringify(options)}`, async () => {
      const { orlop } = fixture();
      const { volumes, ...ofPool } = { volumes: [], ...options };
      for (const attempt of [
        () => orlop.run('busybox', ['true'], options),
        () => orlop.create('busybox', ['true'], options),
        () => orlop.plan('busybox', ['true'], options),
        async () => {
          await using pool = await orlop.pool('busybox', { size: 1, ...ofPool });
          await pool.run(['true'], { volumes });
        },
      ]) {
        const error = await refusal(attempt());
        expect(error.code).to.equal('ORLOP_E_KERNEL');
        expect(error.message).to.match(message);
        expect(error.hint).to.match(hint);
      }
      expect((await orlop.containers.list({ all: true })).items).to.deep.equal([]);
      expect((await orlop.volumes.list()).items).to.deep.equal([]);
    });
  }

  it('is not missed where it is asked to be left out', async () => {
    const { orlop } = fixture();
    const securityOpt = ['apparmor=unconfined', 'label=disable'];
    const { stdout } = await orlop.run('busybox', ['sh', '-c', 'cat /proc/self/attr/current 2>/dev/null; :'], {
      securityOpt,
    });
    expect(stdout.trim()).to.equal(labelOf('self'));
    await using container = await orlop.create('busybox', ['true'], { securityOpt });
    expect((await container.inspect()).AppArmorProfile).to.equal('unconfined');
    expect(JSON.stringify(await orlop.plan('busybox', ['true'], {}), (_, value) => String(value))).to.not.include(
      'apparmor',
    );
  });
});
