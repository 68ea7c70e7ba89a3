import { expect } from 'chai';
import { commands } from '../../../ts/cli/commands.ts';
import { defineCommand } from '../../../ts/cli/parse/define.ts';
import { canonicalWords, findCommand } from '../../../ts/cli/parse/find.ts';
import { accepts, refusalOf } from '../../../ts/cli/parse/later.ts';
import { acceptedValues, dockerCommands, dockerOptions } from '../../support/docker-command-line.ts';
import { fakeContainer, orlop } from '../../support/fake-orlop.ts';

const ended = { exitCode: 0, signal: null };
const run = (...argv: readonly string[]) =>
  orlop(['run', ...argv, 'host', 'true'], { library: { createRequested: () => fakeContainer(ended) } });

describe("Docker's command line", () => {
  it('has no command that orlop neither has nor refuses by name', () => {
    const unknown = dockerCommands.filter((name) => {
      const words = name.split(' ');
      return findCommand(canonicalWords(words)) === undefined && refusalOf(words) === undefined;
    });
    expect(unknown).to.deep.equal([]);
  });

  for (const [name, options] of Object.entries(dockerOptions)) {
    it(`has no option of '${name}' that orlop neither has nor refuses by name`, async () => {
      const entry = commands.find((one) => one.name === name);
      if (entry === undefined) throw new Error(name);
      const { command } = await defineCommand(entry);
      const known = new Set(command.options.flatMap(({ short, long }) => [short, long]));
      const flags = options.split(' ').flatMap((one) => one.split('/'));
      expect(flags.filter((flag) => !known.has(flag))).to.deep.equal([]);
    });
  }

  for (const { name, load } of commands) {
    it(`has what to do until a later option of '${name}' comes`, async () => {
      const { later = [] } = (await load()).command;
      const silent = later.filter((one) => one.meanwhile === undefined && one.never === undefined);
      // What is left asks for nothing that orlop does not do, whatever its value.
      expect(silent.filter((one) => !accepts(one, 'true', 'false')).map(({ flags }) => flags)).to.deep.equal([]);
    });
  }

  for (const [option, value] of acceptedValues) {
    it(`accepts ${option}=${value}, which asks for what orlop does anyway`, async () => {
      const { status, stderr } = await run(`${option}=${value}`);
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    });
  }

  for (const given of [
    '--sig-proxy=false',
    '--disable-content-trust=false',
    '--detach=true',
    '--memory-swappiness=10',
    '--restart=always',
    '--restart=no --restart=always',
    '--restart=always --restart=no',
    '--pull=always',
    '--mount=false',
    '--ipc=host',
  ]) {
    it(`has '${given}', which is not done and so refused`, async () => {
      const { status, stderr, calls } = await run(...given.split(' '));
      expect({ status, calls }).to.deep.equal({ status: 125, calls: [] });
      expect(stderr).to.match(/^orlop: option '--[\w-]+' comes with a later version\nhint: until then: /);
    });
  }

  it('has options for Windows, which never come', async () => {
    expect((await run('--cpu-count=2')).stderr).to.match(/^orlop: option '--cpu-count' is one for Windows\n/);
    // A technology of Windows is none of the names that the option has here.
    expect((await run('--isolation=hyperv')).stderr).to.match(/^orlop: there is no isolation 'hyperv'\n/);
  });

  it('has commands for a daemon or a cluster, which never come', async () => {
    const { status, stderr } = await orlop(['swarm', 'init']);
    expect(status).to.equal(125);
    expect(stderr).to.match(/^orlop: there is no command 'swarm': it is one for Docker's daemon or cluster\n/);
  });

  it('has groups of commands, whose help lists those that are there', async () => {
    const { status, stdout } = await orlop(['container', '--help']);
    expect(status).to.equal(0);
    expect(stdout).to.match(/^Usage: orlop container COMMAND\n/);
    expect(stdout).to.match(/^ {2}container start +Start a created or ended container$/m);
  });

  const list = (...argv: readonly string[]) =>
    orlop(['ps', '-a', ...argv], { library: { 'containers.list': () => ({ items: [summary], damaged: [] }) } });

  it('reads --no-x=false as x', async () => {
    expect((await list('--format', '{{.ID}}', '--no-trunc=true')).stdout.trim()).to.have.length(64);
    expect((await list('--format', '{{.ID}}', '--no-trunc=false')).stdout.trim()).to.have.length(12);
  });

  it('has the method Label in its templates, with a header of its own', async () => {
    expect((await list('--format', '{{.Label "a"}}|{{.Label "none"}}')).stdout).to.equal('1|\n');
    expect((await list('--format', 'table {{.Names}}\t{{.Label "org.my-key"}}')).stdout).to.equal(
      'NAMES     my key\nweb       \n',
    );
  });

  it('has regular expressions as names, of which an invalid one is refused', async () => {
    const { status, stderr, calls } = await list('--filter', 'name=(a');
    expect({ status, calls }).to.deep.equal({ status: 125, calls: [] });
    expect(stderr).to.match(/^orlop: the filter 'name=\(a' is not a regular expression\nhint: /);
  });
});

const summary = {
  id: 'a'.repeat(64),
  name: 'web',
  image: { reference: 'host', id: 'host' },
  command: ['true'],
  created: new Date(0),
  status: 'created',
  exitCode: null,
  pid: null,
  startedAt: null,
  finishedAt: null,
  labels: { a: '1' },
  mounts: [],
  limits: {},
};
