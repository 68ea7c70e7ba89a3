import { execFileSync, spawnSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { remedy } from '../../ts/native/files.ts';
import { requires } from '../support/require.ts';
import { packed } from './packed.ts';
import { needsPrograms } from './tools.ts';

describe('the package on a platform for which nothing is built ahead', function () {
  this.timeout(600_000);
  requires('root', 'overlay');
  needsPrograms('npm', 'g++', 'make');
  const tarball = packed();
  let installed = '';
  const orlop = (...args: string[]) =>
    spawnSync(process.execPath, [join(installed, 'dist/cli/orlop.cjs'), ...args], {
      encoding: 'utf8',
      env: { ...process.env, ORLOP_ROOT: join(tarball().directory, 'store') },
    });
  const addonOfDoctor = (): string =>
    JSON.parse(orlop('doctor', '--format', 'json').stdout).checks.find(({ name }: { name: string }) => name === 'addon')
      .detail;

  before(() => {
    execFileSync('tar', ['-xzf', tarball().file, '-C', tarball().directory]);
    installed = join(tarball().directory, 'package');
    renameSync(join(installed, 'prebuilds'), join(tarball().directory, 'prebuilds'));
  });

  it('is built by the one command that the error names, and then starts a container', () => {
    const refused = orlop('run', '--rm', 'host', 'true');
    expect(refused.status).to.equal(125);
    const [, command = ''] = /build it with: (.*) \(needs /.exec(refused.stderr) ?? [];
    const place = { packageRoot: installed, platform: 'linux', arch: process.arch, checkout: false };
    expect(remedy(place, { variable: 'X', sources: true }))
      .to.include(command)
      .and.to.include('node-gyp rebuild');
    // The headers of this Node: the tests must not depend on the server that has them.
    const nodedir = dirname(dirname(process.execPath));
    execFileSync('sh', ['-c', command], { stdio: 'pipe', env: { ...process.env, npm_config_nodedir: nodedir } });
    expect(addonOfDoctor()).to.equal(join(installed, 'native/build/Release/orlop.node'));
    const { stdout, stderr } = orlop('run', '--rm', '-v', '/test', 'host', 'sh', '-c', 'echo hi >/test/f; cat /test/f');
    expect(stderr + stdout).to.equal('hi\n');
  });

  it('takes the prebuilt files again when there are some, whatever was built here', () => {
    renameSync(join(tarball().directory, 'prebuilds'), join(installed, 'prebuilds'));
    expect(addonOfDoctor()).to.equal(join(installed, `prebuilds/linux-${process.arch}/orlop.glibc.node`));
  });
});
