import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { abi } from '../../ts/native/contract.ts';
import { encodePlan } from '../../ts/plan/encode.ts';
import { plainPlan } from '../support/starts.ts';
import { packed } from './packed.ts';
import { needsPrograms, needsTools, tool } from './tools.ts';

/** Node for arm64 under QEMU: it translates the program, not the kernel, so what it shows is not about namespaces. */
const emulated = (...args: string[]): string[] => ['-L', '/usr/aarch64-linux-gnu', tool('node20Arm64'), ...args];

describe('the package on arm64, emulated', function () {
  this.timeout(180_000);
  needsPrograms('qemu-aarch64');
  needsTools('node20Arm64');
  const tarball = packed();
  let installed = '';
  before(() => {
    execFileSync('tar', ['-xzf', tarball().file, '-C', tarball().directory]);
    installed = join(tarball().directory, 'package');
  });

  it('loads the addon, which has our interface', () => {
    const addon = join(installed, 'prebuilds/linux-arm64/orlop.glibc.node');
    const text = `const n = require(${JSON.stringify(addon)}); console.log(process.arch, n.abi, typeof n.launch)`;
    expect(execFileSync('qemu-aarch64', emulated('-e', text), { encoding: 'utf8' })).to.equal(
      `arm64 ${abi} function\n`,
    );
  });

  it('reads a plan that was encoded elsewhere, and refuses half of one', () => {
    const plan = Buffer.from(encodePlan(plainPlan({ argv: ['/bin/true'], supplied: ['stdin'] })).bytes);
    const script = join(tarball().directory, 'plan.cjs');
    // No such descriptor: looked at when the plan has been read, and before anything is cloned.
    writeFileSync(
      script,
      `const native = require(${JSON.stringify(join(installed, 'prebuilds/linux-arm64/orlop.glibc.node'))});
const plan = Buffer.from('${plan.toString('base64')}', 'base64');
const launch = async (bytes) => {
  const prepared = native.prepare(new Uint8Array(bytes), { features: 0 });
  return native.launch(prepared, { values: [], descriptors: [99999] }, {});
};
const ask = (bytes) =>
  launch(bytes).then(() => 'launched', (error) => error instanceof TypeError ? 'no plan' : error.code);
(async () => console.log(await ask(plan), await ask(plan.subarray(0, plan.length - 4))))();
`,
    );
    expect(execFileSync('qemu-aarch64', emulated(script), { encoding: 'utf8' })).to.equal('EBADF no plan\n');
  });

  it('has an executable that starts', () => {
    const archive = join(installed, 'prebuilds/linux-arm64/orlop-archive');
    const { signal, error } = spawnSync('qemu-aarch64', [archive], { stdio: 'ignore' });
    expect({ signal, error }).to.deep.equal({ signal: null, error: undefined });
  });

  it('answers a wrong request with the error, the hint and the status of the other platform', () => {
    const cli = join(installed, 'dist/cli/orlop.cjs');
    const run = (program: string, args: string[]) => {
      const { status, stdout, stderr } = spawnSync(program, [...args, cli, 'run', '--rmm', 'host', 'true'], {
        encoding: 'utf8',
      });
      return { status, stdout, stderr };
    };
    const here = run(process.execPath, []);
    expect(here.status).to.equal(125);
    expect(run('qemu-aarch64', emulated())).to.deep.equal(here);
  });
});
