import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { commands } from '../../ts/cli/commands.ts';
import { pageName } from '../../ts/cli/pages/roff.ts';
import { defineCommand } from '../../ts/cli/parse/define.ts';
import { requires } from '../support/require.ts';
import { needsPrograms } from './tools.ts';

describe('the manual pages', () => {
  requires('cli');
  needsPrograms('groff');

  it('are one for the program and one for each command, and npm is told of each', () => {
    const names = ['orlop', ...commands.map(({ name }) => pageName(name))].map((name) => `${name}.1`).sort();
    expect(readdirSync('dist/man').sort()).to.deep.equal(names);
    const { man } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect([...man].sort()).to.deep.equal(names.map((name) => `./dist/man/${name}`));
  });

  for (const entry of commands) {
    it(`of '${entry.name}' has its options, and nothing that groff would warn of`, async () => {
      const file = `dist/man/${pageName(entry.name)}.1`;
      const { stdout, stderr } = spawnSync('groff', ['-man', '-Tascii', '-ww', '-P-c', file], { encoding: 'utf8' });
      expect(stderr).to.equal('');
      // Bold letters are overstruck, and long words may be broken.
      // biome-ignore lint/complexity/useRegexLiterals: a control character
      const text = stdout.replace(new RegExp('.\b', 'g'), '');
      const { command } = await defineCommand(entry);
      const visible = command.createHelp().visibleOptions(command);
      for (const { long } of visible) expect(text).to.match(new RegExp(`^ +(-\\w, )?${long}`, 'm'));
      expect(text).to.include(entry.summary.slice(0, 30));
    });
  }
});
