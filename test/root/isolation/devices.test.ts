import { expect } from 'chai';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';

describe('devices of the host in a user namespace of the container', function () {
  this.timeout(60_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox', 'fuse');
  const fixture = withOrlop();

  it('are the files of the host, which all users may open or none but its root', async () => {
    const devices = ['/dev/fuse', '/dev/zero:/dev/deep/zero'];
    const script = 'stat -c %t:%T /dev/fuse; head -c 3 /dev/deep/zero | wc -c; chmod 600 /dev/deep/zero 2>/dev/null';
    const options = { devices, userns: 'auto', reject: false } as const;
    for (let run = 0; run < 2; run++) {
      const { stdout, exitCode } = await fixture().orlop.run('busybox', ['sh', '-c', script], options);
      expect({ stdout, exitCode }, `run ${run}`).to.deep.equal({ stdout: 'a:e5\n3\n', exitCode: 1 });
    }
  });
});
