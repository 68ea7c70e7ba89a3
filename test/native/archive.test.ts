import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { requires } from '../support/require.ts';
import { buildsNativeTests } from '../support/run-plan.ts';
import { temporaryDirectory } from '../support/temporary.ts';

describe('unpacking under the sanitizers', function () {
  this.timeout(600_000);
  requires('root', 'zstd');
  buildsNativeTests();
  const folder = temporaryDirectory();

  it('ends with a report for each of 300 archives that were changed at random', () => {
    execFileSync('bash', [
      '-euc',
      `cd "$1"; mkdir -p t/d
       echo hi > t/d/f; ln t/d/f t/d/g; ln -s ../x t/d/l; mkfifo t/p; mknod t/n c 1 3
       truncate -s 100k t/s; echo end >> t/s; : > "t/$(printf 'x%.0s' $(seq 150))"
       tar --format=ustar -C t -cf 1.tar d s
       : > t/.wh.x; : > t/d/.wh..wh..opq
       tar --format=pax -S -C t -cf 2.tar .; tar --format=pax -S --sparse-version=0.0 -C t -cf 3.tar .
       tar --format=gnu -S -C t -cf 4.tar .; gzip -k 2.tar; zstd -q 4.tar
       mkdir u; : > u/d; tar --format=ustar -C t -cf 5.tar d; tar -C u -rf 5.tar d; tar -C t -rf 5.tar d`,
      'bash',
      folder(),
    ]);
    mkdirSync(join(folder(), 'out'));
    const seeds = ['1.tar', '2.tar', '3.tar', '4.tar', '5.tar', '2.tar.gz', '4.tar.zst'].map((name) =>
      join(folder(), name),
    );
    const seed = Date.now() % 1_000_000;
    const result = spawnSync('build-tests/fuzz-archive', [String(seed), '300', join(folder(), 'out'), ...seeds], {
      encoding: 'utf8',
    });
    expect(result.status, `seed ${seed}: ${result.stdout}${result.stderr}`).to.equal(0);
    expect(Number(/^300 runs, (\d+) unpacked$/m.exec(result.stdout)?.[1])).to.be.greaterThan(5);
  });
});
