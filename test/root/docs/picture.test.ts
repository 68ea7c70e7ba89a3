import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { cli } from '../../support/cli.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/**
 * Phases and steps of a picture: name, and the first word of what for. Which of them are slow or fold into one line is
 * chance, and what a host has to be hidden differs.
 */
function stepsOf(picture: string): string[] {
  const parts = picture.matchAll(
    /<g class="(?!slow)(\w+)">|class="name">([^<]*)<\/text>\n<text [^>]*class="reason">([^\s<]*)/g,
  );
  const steps = [...parts].map(([, phase, name, kind]) => phase ?? `${name} ${kind}`);
  return steps.filter((step) => !step.endsWith(' hidden')).filter((step, index, all) => step !== all[index - 1]);
}

describe('the picture of a start in docs/', () => {
  requires('privilege', 'addon', 'overlay', 'cli');
  const directory = temporaryDirectory();

  it('shows the steps of a start as it is now (scripts/trace-picture draws it)', async () => {
    const ok = async (...argv: string[]) => {
      // In the picture the container's own process makes all of it; a command has the network made meanwhile.
      const { code, stdout, stderr } = await cli(directory(), argv, { env: { ORLOP_STRATEGY: 'in-child' } });
      expect(code, stderr).to.equal(0);
      return stdout;
    };
    const file = join(directory(), 'start.json');
    await ok('run', '--rm', '--trace', file, '-v', 'data:/test', 'host', 'true');
    const all = stepsOf(await ok('trace', file, '--svg'));
    // The picture is of a program that has been running. A command parses its request before the container is made.
    const now = ['create', 'request parsed', ...all.slice(all.indexOf('create') + 1)];
    expect(now).to.include.members(['launch', 'overlay root', 'attach volume', 'pivot root']);
    expect(stepsOf(readFileSync('docs/pictures/start.svg', 'utf8'))).to.deep.equal(now);
  });
});
