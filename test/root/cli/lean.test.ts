import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { cliPath } from '../../support/cli.ts';
import { withCliStore } from '../../support/cli-store.ts';
import { requires } from '../../support/require.ts';

/** Node's own modules that a start uses; `node:vm` compiles the command line. */
const used = ['vm'];

/** Runs `then` and lists the modules of Node that are loaded at the end. */
const observer = (then: string) => `
const { writeFileSync } = require('node:fs');
process.on('exit', () => writeFileSync(process.env.LIST, JSON.stringify(process.moduleLoadList)));
${then}
`;

describe('a start by the command line', () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'cli');
  const store = withCliStore();

  function modulesOf(program: string, ...argv: string[]): string[] {
    const { directory } = store();
    const [file, list] = [join(directory, 'observer.cjs'), join(directory, 'list.json')];
    writeFileSync(file, program);
    const { NODE_OPTIONS: _, ...env } = process.env;
    execFileSync(process.execPath, [file, ...argv], { env: { ...env, LIST: list }, stdio: 'ignore' });
    const names = JSON.parse(readFileSync(list, 'utf8')) as string[];
    return names.filter((name) => name.startsWith('NativeModule ')).map((name) => name.replace('NativeModule ', ''));
  }

  it('loads none of the modules of Node that take long and that it can do without', () => {
    const run = observer(`
      const { dirname } = require('node:path');
      const script = require(${JSON.stringify(cliPath)});
      const directory = dirname(${JSON.stringify(cliPath)});
      script.runInThisContext()(require, module, directory + '/main.cjs', directory);
    `);
    const argv = ['--root', store().root, 'run', '--rm', '-v', 'data:/data', 'busybox', 'true'];
    const before = modulesOf(observer(`require('node:path');`));
    const added = modulesOf(run, ...argv).filter((name) => !before.includes(name));
    expect(added.filter((name) => !used.includes(name))).to.deep.equal([]);
  });

  it('makes its network namespace with the clone: nothing is prefetched for the one start of a command', async () => {
    const { directory, orlop } = store();
    const stepsWith = async (network: string) => {
      const file = join(directory, `${network}.json`);
      const { code, stderr } = await orlop(
        ['run', '--rm', '--network', network, '--trace', file, 'busybox', 'true'],
        // Whatever the level of tests decides for the starts.
        { env: { ORLOP_STRATEGY: '', ORLOP_FEATURES: '' } },
      );
      expect(code, stderr).to.equal(0);
      const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as { traceEvents: { name: string }[] };
      return traceEvents.map(({ name }) => name).filter((name) => ['join', 'loopback'].includes(name));
    };
    expect(await stepsWith('none')).to.deep.equal(['loopback']);
    expect(await stepsWith('host')).to.deep.equal([]);
  });
});
