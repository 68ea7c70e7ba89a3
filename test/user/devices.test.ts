import { expect } from 'chai';
import { RequestError, type RunOptions } from '../../ts/index.ts';
import { withOrlop } from '../support/orlop.ts';
import { requires } from '../support/require.ts';

describe("devices in an ordinary user's container", function () {
  this.timeout(60_000);
  requires('user', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const sh = async (script: string, options: RunOptions) =>
    (await fixture().orlop.run('busybox', ['sh', '-c', script], options)).stdout;
  const refusal = async (options: RunOptions) => {
    const error = await fixture()
      .orlop.run('busybox', ['true'], options)
      .catch((thrown: unknown) => thrown);
    if (error instanceof RequestError) return error;
    throw new Error('expected a RequestError', { cause: error });
  };

  it('are those of the host, which the user can open', async () => {
    const devices = ['/dev/zero:/dev/deep/zero', '/dev/full:/dev/null'];
    const script = 'head -c 3 /dev/deep/zero | wc -c; echo x 2>&1 > /dev/null || stat -c %t:%T /dev/null';
    for (let run = 0; run < 3; run++) expect(await sh(script, { devices }), `run ${run}`).to.match(/^3\n(.*\n)?1:7\n$/);
  });

  it('are refused where the user may not open them, or no filter can hold what is asked for', async () => {
    const disk = await refusal({ devices: ['/dev/loop0'] });
    expect(disk.message).to.equal("cannot give the device '/dev/loop0': the caller may not open it");
    const rule = await refusal({ deviceCgroupRules: ['c 1:3 r'] });
    expect(rule).to.include({ code: 'ORLOP_E_LIMIT' });
    expect(rule.message).to.equal('the rules for devices cannot be held: a filter of devices takes root');
    expect((await refusal({ devices: ['/dev/zero:/dev/z:r'] })).message).to.contain("the permissions 'r'");
  });

  it('are all those which the user can open, in a privileged container', async () => {
    const script = `ls /dev; grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status; mkdir /tmp/m &&
      mount -t tmpfs t /tmp/m && echo mounted; ls /dev/loop0 2>&1`;
    const shown = await sh(`${script} || :`, { privileged: true });
    expect(shown)
      .to.match(/^null$/m)
      .and.match(/^NoNewPrivs:\t0\nSeccomp:\t0\nmounted\n.*No such file/m);
    // All capabilities, of the user's own namespace.
    expect(shown).to.match(/^CapEff:\t000001f{10}$/m);
  });
});
