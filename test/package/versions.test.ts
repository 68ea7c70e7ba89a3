import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { requires } from '../support/require.ts';
import { npmOfNode20 } from './managers.ts';
import { Machine, packed } from './packed.ts';
import { needsTools, type Tool, tool } from './tools.ts';

const versions: readonly Tool[] = ['node20', 'node22', 'node24', 'node26'];

const program = (load: string): string => `
${load}
(async () => {
  const orlop = await Orlop.open();
  try {
    const { stdout, exitCode } = await orlop.run('host', ['sh', '-c', 'echo $$ > /test/f && cat /test/f'], {
      volumes: ['/test'],
    });
    console.log(exitCode, JSON.stringify(stdout), new RequestError('ORLOP_E_USAGE', 'x').code);
  } finally {
    await orlop.close();
  }
})();
`;

describe('the installed package', function () {
  this.timeout(120_000);
  requires('root', 'overlay');
  needsTools('npm11', ...versions);
  const tarball = packed();
  let project = '';
  before(() => {
    const machine = new Machine(tarball().directory, tool('node20'));
    machine.install(npmOfNode20, tarball().file);
    project = machine.project;
  });

  for (const version of versions) {
    describe(`under ${version}`, () => {
      let machine: Machine;
      before(() => {
        machine = new Machine(tarball().directory, tool(version), project);
      });

      it('is the version that was asked for', () => {
        expect(machine.run('node', '-p', 'process.versions.node.split(".")[0]').trim()).to.equal(version.slice(4));
      });

      it('runs a container from a module that imports it', () => {
        machine.write('a.mjs', program(`import { Orlop, RequestError } from 'orlop';`));
        expect(machine.run('node', 'a.mjs')).to.equal('0 "1\\n" ORLOP_E_USAGE\n');
      });

      it('runs a container from a script that requires it', () => {
        machine.write('a.cjs', program(`const { Orlop, RequestError } = require('orlop');`));
        expect(machine.run('node', 'a.cjs')).to.equal('0 "1\\n" ORLOP_E_USAGE\n');
      });

      it('runs a container from the command line, with the prebuilt addon', () => {
        const cli = 'node_modules/.bin/orlop';
        expect(machine.run('sh', '-c', `${cli} run --rm host sh -c 'echo $$'`)).to.equal('1\n');
        const { checks } = JSON.parse(machine.run('sh', '-c', `${cli} doctor --format json`));
        const addon = checks.find(({ name }: { name: string }) => name === 'addon');
        expect(addon.status).to.equal('ok');
        expect(addon.detail).to.match(/node_modules\/orlop\/prebuilds\/linux-\w+\/orlop\.glibc\.node$/);
      });
    });
  }
});

describe('the types of the installed package', function () {
  this.timeout(120_000);
  needsTools('npm11', 'node20');
  const tarball = packed();
  let machine: Machine;
  before(() => {
    machine = new Machine(tarball().directory, tool('node20'));
    machine.install(npmOfNode20, tarball().file);
  });

  const consumer = `
import { LaunchError, Orlop, RequestError, type RunOptions, type RunResult } from 'orlop';
const options: RunOptions = { volumes: ['data:/test'], network: 'none' };
export async function run(): Promise<string> {
  const orlop: Orlop = await Orlop.open();
  try {
    const result: RunResult = await orlop.run('host', ['true'], options);
    // @ts-expect-error there is no such option
    await orlop.run('host', ['true'], { volume: ['data:/test'] });
    return result.stdout;
  } catch (error) {
    if (error instanceof RequestError) return error.code;
    if (error instanceof LaunchError) return error.syscall ?? '';
    throw error;
  } finally {
    await orlop.close();
  }
}
`;

  for (const [module, resolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ] as const) {
    it(`fit a strict consumer with module resolution ${resolution}`, () => {
      machine.write('consumer.mts', consumer);
      const types = ['--types', 'node', '--typeRoots', `${process.cwd()}/node_modules/@types`];
      const options = '--ignoreConfig --noEmit --strict --exactOptionalPropertyTypes --target es2023'.split(' ');
      const lib = ['--lib', 'es2023,esnext.disposable'];
      const argv = [...options, ...lib, ...types, '--module', module, '--moduleResolution', resolution];
      const { stdout } = spawnSync('node_modules/.bin/tsc', [...argv, `${machine.project}/consumer.mts`], {
        encoding: 'utf8',
      });
      expect(stdout).to.equal('');
    });
  }
});
