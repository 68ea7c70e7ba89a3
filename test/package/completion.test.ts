import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { type Shell, shells } from '../../ts/cli/completion/scripts.ts';
import { requires } from '../support/require.ts';
import { needsPrograms } from './tools.ts';

/** How each shell is asked, from the outside, for what the line may become. */
const ask: Readonly<Record<Shell, (script: string) => string[]>> = {
  bash: (script) => [
    'bash',
    '--norc',
    '-c',
    `. ${script}; COMP_LINE=$1; COMP_POINT=\${#1}; _orlop; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
  ],
  fish: (script) => ['fish', '--no-config', '-c', `source ${script}; complete -C $argv[1]`],
  // Completion proper needs a terminal: what would go to it is printed.
  zsh: (script) => [
    'zsh',
    '-f',
    '-c',
    `compdef() { :; }; . ${script}; _describe() { print -l $candidates }; _files() { print files }; compset() { :; }
words=("\${(@s: :)1}"); CURRENT=$#words; _orlop`,
    'zsh',
  ],
};

describe('completion in a shell', () => {
  requires('root', 'cli');
  needsPrograms(...shells);
  let directory = '';
  before(() => {
    directory = mkdtempSync('/var/tmp/orlop-completion-');
    symlinkSync(resolve('dist/cli/orlop.cjs'), join(directory, 'orlop'));
    run(['orlop', 'volume', 'create', 'database']);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  function run(argv: readonly string[]): string {
    const [program = '', ...args] = argv;
    const env = { ...process.env, PATH: `${directory}:${process.env.PATH}`, ORLOP_ROOT: join(directory, 'store') };
    return execFileSync(program, args, { encoding: 'utf8', env, cwd: directory });
  }

  for (const shell of shells) {
    describe(`of ${shell}`, () => {
      let script = '';
      before(() => {
        script = join(directory, `completion.${shell}`);
        writeFileSync(script, run(['orlop', 'completion', shell]));
      });
      const answers = (line: string): string[] =>
        run([...ask[shell](script), line])
          .trim()
          .split('\n');

      it('completes commands', () => {
        expect(answers('orlop volume ins').map((line) => line.split(/[\t:]/)[0])).to.deep.equal(['inspect']);
      });

      it('completes what is in the store', () => {
        expect(answers('orlop volume rm dat')).to.deep.equal(['database']);
      });

      it('completes a volume with the colon that follows it', () => {
        const [first = ''] = answers('orlop run --rm -v data').map((line) => line.replaceAll('\\', ''));
        expect(first).to.equal('database:/');
      });
    });
  }

  it('gives fish the option with the file that follows it', () => {
    const script = join(directory, 'again.fish');
    writeFileSync(script, run(['orlop', 'completion', 'fish']));
    writeFileSync(join(directory, 'variables.env'), '');
    expect(run([...ask.fish(script), 'orlop run --env-file=varia']).trim()).to.equal('--env-file=variables.env');
  });

  it('gives bash the part after the colon only, where it has split the word itself', () => {
    const script = join(directory, 'again.bash');
    writeFileSync(script, run(['orlop', 'completion', 'bash']));
    expect(run([...ask.bash(script), 'orlop run --network=h']).trim()).to.equal('host');
  });
});
