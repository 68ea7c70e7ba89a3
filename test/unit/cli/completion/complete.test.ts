import { expect } from 'chai';
import { commands } from '../../../../ts/cli/commands.ts';
import { type Completion, complete, type Sources } from '../../../../ts/cli/completion/complete.ts';
import { defineCommand } from '../../../../ts/cli/parse/define.ts';
import { laterRunOptions } from '../../../../ts/cli/parse/later-options.ts';
import { orlop } from '../../../support/fake-orlop.ts';

const store = { container: ['web', 'worker'], image: ['host', 'debian:trixie'], volume: ['data', 'database'] };

const sources: Sources = {
  commands,
  define: async (name) => {
    const entry = commands.find((one) => one.name === name);
    if (entry === undefined) throw new Error(name);
    const { command, module } = await defineCommand(entry);
    return { command, passThrough: module.passThrough === true };
  },
  names: async (kind) => store[kind].map((value) => ({ value })),
};

/** The line as it is typed; a blank at its end begins a new word. */
const at = (line: string): Promise<Completion> => complete(line.split(' ').slice(1), sources);
const values = async (line: string): Promise<string[]> => (await at(line)).candidates.map(({ value }) => value);

describe('completion', () => {
  it('knows every command, and a group once', async () => {
    const first = [...new Set(commands.map(({ name }) => name.split(' ')[0]))];
    expect(await values('orlop ')).to.deep.equal(first);
    expect(await values('orlop v')).to.deep.equal(['volume', 'version']);
    expect(await values('orlop volume ')).to.deep.equal(['create', 'ls', 'inspect', 'rm', 'prune']);
    expect(await values('orlop --root /x pla')).to.deep.equal(['plan']);
  });

  it('gives the summary of a command with it', async () => {
    expect((await at('orlop commi')).candidates).to.deep.equal([
      { value: 'commit', description: 'Make an image of what a container changed' },
    ]);
  });

  const cases: readonly [string, readonly string[], also?: Completion['also']][] = [
    ['orlop start ', ['web', 'worker']],
    ['orlop start web ', []],
    ['orlop rm web wo', ['worker']],
    ['orlop rmi d', ['debian:trixie']],
    ['orlop volume rm data ', ['data', 'database']],
    ['orlop inspect w', ['web', 'worker']],
    ['orlop inspect da', ['data', 'database']],
    ['orlop inspect --type ', ['container', 'image', 'volume']],
    ['orlop tag host ', []],
    ['orlop run deb', ['debian:trixie']],
    ['orlop run --rm -it host ', [], 'files'],
    ['orlop run host -', [], 'files'],
    ['orlop run --network ', ['none', 'host']],
    ['orlop run --network=h', ['--network=host']],
    ['orlop run --cap-add NET_A', ['NET_ADMIN']],
    ['orlop run -v ', ['data:/', 'database:/'], 'files'],
    ['orlop run -v ./', [], 'files'],
    ['orlop run -v data:/', []],
    ['orlop run -iv datab', ['database:/'], 'files'],
    ['orlop run --name ', []],
    ['orlop run --name x h', ['host']],
    ['orlop run --name=x h', ['host']],
    ['orlop run --env-file ', [], 'files'],
    ['orlop import ', [], 'files'],
    ['orlop commit web deb', ['debian:trixie']],
    ['orlop completion ', ['bash', 'fish', 'zsh']],
    ['orlop --root ', [], 'directories'],
    ['orlop nonsense ', []],
  ];
  for (const [line, expected, also = 'nothing'] of cases) {
    it(`of '${line}' is ${expected.join(' ') || 'no name'}${also === 'nothing' ? '' : `, and ${also}`}`, async () => {
      const { candidates, also: more } = await at(line);
      expect({ values: candidates.map(({ value }) => value), more }).to.deep.equal({ values: expected, more: also });
    });
  }

  it('knows each option that is there, and none that comes later', async () => {
    const found = await values('orlop run -');
    expect(found).to.include.members(['--volume', '--rm', '--entrypoint', '--trace', '--help']);
    for (const { flags } of laterRunOptions) expect(found).not.to.include(/--[\w-]+/.exec(flags)?.[0]);
  });

  it('answers a shell line by line, and without a store as if it were empty', async () => {
    const { status, stdout, stderr } = await orlop(['__complete', 'volume', 'l']);
    expect({ status, stdout, stderr }).to.deep.equal({ status: 0, stdout: 'ls\tList volumes\n:nothing\n', stderr: '' });
    expect((await orlop(['__complete', 'start', ''])).status).to.equal(0);
  });

  it('has no script for an unknown shell', async () => {
    const { status, stderr } = await orlop(['completion', 'tcsh']);
    expect(status).to.equal(125);
    expect(stderr).to.match(/there is no completion for 'tcsh'\nhint: the shells are bash, fish, zsh\n/);
  });
});
