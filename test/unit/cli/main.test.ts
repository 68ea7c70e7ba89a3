import { expect } from 'chai';
import { commands } from '../../../ts/cli/commands.ts';
import { laterCommands, laterNames } from '../../../ts/cli/parse/later.ts';
import { laterRunOptions } from '../../../ts/cli/parse/later-options.ts';
import { RequestError } from '../../../ts/errors/index.ts';
import { orlop } from '../../support/fake-orlop.ts';

describe('the command line', () => {
  it('shows every command, the later ones, and the exit codes with --help', async () => {
    const { status, stdout, stderr, calls } = await orlop(['--help']);
    expect({ status, stderr, calls }).to.deep.equal({ status: 0, stderr: '', calls: [] });
    for (const { name, summary } of commands) expect(stdout).to.include(`${name.padEnd(15)} ${summary}`);
    expect(stdout.replace(/\n {2}/g, ' ')).to.include(`Not in this version: ${laterNames.join(' ')}`);
    expect(stdout).to.match(/125 when orlop failed/);
    for (const line of stdout.split('\n')) expect(line.length, line).to.be.at.most(80);
  });

  it('shows the same to who gives no command, as an error', async () => {
    const { status, stdout, stderr } = await orlop([]);
    expect({ status, stdout }).to.deep.equal({ status: 125, stdout: '' });
    expect(stderr).to.equal((await orlop(['--help'])).stdout);
  });

  for (const { name, summary } of commands) {
    it(`has help for '${name}', three ways`, async () => {
      const words = name.split(' ');
      const { status, stdout, calls } = await orlop([...words, '--help']);
      expect({ status, calls }).to.deep.equal({ status: 0, calls: [] });
      expect(stdout).to.match(new RegExp(`^Usage: orlop ${name} `));
      expect(stdout).to.include(`${summary}.`);
      for (const line of stdout.split('\n')) expect(line.length, line).to.be.at.most(80);
      expect((await orlop(['help', ...words])).stdout).to.equal(stdout);
      expect((await orlop(['--help', ...words])).stdout).to.equal(stdout);
    });

    it(`knows no option --bogus of '${name}', and opens no store to find out`, async () => {
      const { status, stdout, stderr, calls } = await orlop([...name.split(' '), '--bogus', 'x', '--help']);
      expect({ status, stdout, calls }).to.deep.equal({ status: 125, stdout: '', calls: [] });
      expect(stderr).to.match(/^orlop: unknown option '--bogus'\nhint: .*\n$/);
    });
  }

  it('shows which options may be repeated, and examples', async () => {
    const { stdout } = await orlop(['run', '--help']);
    expect(stdout)
      .to.include('These may be repeated: -v --tmpfs -e')
      .and.match(/Examples:\n {2}orlop run /);
    expect((await orlop(['tag', '--help'])).stdout).not.to.include('repeated');
  });

  it('lists the options of run that come later', async () => {
    const help = (await orlop(['run', '--help'])).stdout.replace(/\n {2}/g, ' ');
    for (const { flags } of laterRunOptions.filter(({ meanwhile }) => meanwhile !== undefined))
      expect(help).to.match(new RegExp(`Not in this version:.*${/--[\w-]+/.exec(flags)?.[0]}\\b`));
  });

  for (const [name, meanwhile] of Object.entries(laterCommands)) {
    it(`says that '${name}' comes later, and what to do until then`, async () => {
      const { status, stderr, calls } = await orlop([...name.split(' '), 'x', '--whatever']);
      expect({ status, calls }).to.deep.equal({ status: 125, calls: [] });
      expect(stderr).to.equal(
        `orlop: the command '${name}' comes with a later version\nhint: until then: ${meanwhile}\n`,
      );
    });
  }

  for (const [words, hint] of [
    [['rum'], `did you mean 'orlop run'?`],
    [['volum', 'ls'], /./],
    [['volume', 'lss'], `did you mean 'orlop volume ls'?`],
    [['xyzzy'], `'orlop --help' lists the commands`],
    [['help', 'rum'], `did you mean 'orlop run'?`],
  ] as const) {
    it(`suggests the near command for '${words.join(' ')}'`, async () => {
      const { status, stderr } = await orlop(words);
      expect(status).to.equal(125);
      expect(stderr).to.match(/^orlop: there is no command '/);
      const shown = /\nhint: (.*)\n$/.exec(stderr)?.[1];
      if (typeof hint === 'string') expect(shown).to.equal(hint);
      else expect(shown).to.match(hint);
    });
  }

  const beforeCommand = `hint: 'orlop --help' shows what comes before a command\n`;
  for (const [argv, message] of [
    [['--bogus', 'ps'], `orlop: unknown option '--bogus'\n${beforeCommand}`],
    [['--root'], `orlop: option '--root <dir>' argument missing\n${beforeCommand}`],
    [['run'], `orlop: missing required argument 'image'\nhint: 'orlop run --help' shows what it takes\n`],
    [['run', '--volme', 'x', 'host'], `orlop: unknown option '--volme'\nhint: did you mean '--volume'?\n`],
    [['run', '-v'], /^orlop: option '-v, --volume <spec>' argument missing/],
    [['run', '--rm=maybe', 'host'], `orlop: option '--rm' is neither true nor false: 'maybe'\n`],
    [['run', '-iX', 'host', '--help'], /^orlop: unknown option '-X'/],
    [
      ['run', '-t', 'host'],
      /^orlop: option '--tty' comes with a later version\nhint: until then: make one inside: stty raw -echo; /,
    ],
    [['run', '-it', 'host', 'sh'], /^orlop: option '--tty' comes with a later version\nhint: /],
    [['run', '-d', 'host'], /^orlop: option '--detach' comes with a later version\nhint: /],
    [['run', '-m', '5m', 'host'], /^orlop: the memory limit '5m' is below 6 MiB\nhint: .*at least '6m'\n$/],
    [['run', '-m', '-5m', 'host'], /^orlop: the memory limit '-5m' is not a size\nhint: /],
    [['run', '--memory', '', 'host'], /^orlop: the memory limit '' is not a size\nhint: /],
    [['run', '--cpus', '0.5', '--cpu-quota', '1000', 'host'], /^orlop: the time of processors is given twice/],
    [['create', '--pids-limit', '1k', 'host'], /^orlop: the number of processes '1k' is no whole number/],
    [['run', '--device-read-bps', '/dev/sda', 'host'], /^orlop: the device '\/dev\/sda' has no rate\nhint: write /],
    [['run', '--memroy', '1g', 'host'], `orlop: unknown option '--memroy'\nhint: did you mean '--memory'?\n`],
    [['run', '-p', '80:80', 'host'], /^orlop: option '--publish' comes with a later version\nhint: .*--network host/],
    [
      ['run', '--mount', 'type=bind', 'host'],
      /^orlop: option '--mount' comes with a later version\nhint: until then: use '-v /,
    ],
    [['run', '-v', 'data', 'host'], `orlop: volume 'data' has no target\nhint: did you mean 'data:/data'?\n`],
    [['run', '-u', '4294967296', 'host'], /^orlop: the ID '4294967296' is out of range\n/],
    [
      ['run', '--env-file', '/nonexistent/x', 'host'],
      /^orlop: the file of variables '\/nonexistent\/x' cannot be read: ENOENT: /,
    ],
    [['run', '--env-file', '/', 'host'], /^orlop: the file of variables '\/' cannot be read: EISDIR: /],
    [['create', '-v', 'a:b', 'host'], /^orlop: the target 'b' .* is not absolute\nhint: write '\/b'\n$/],
    [['plan', '--format', 'xml', 'host'], /^orlop: there is no format 'xml'\nhint: formats are text, json\n$/],
    [['diff'], /^orlop: missing required argument 'container'/],
    [['diff', 'a', 'b'], /^orlop: too many arguments/],
    [['start', 'x'], /^orlop: 'start' in the background/],
    [['ps', '--filter', 'nmae=x'], `orlop: invalid filter 'nmae'\nhint: did you mean 'name'?\n`],
    [['ps', '--filter', 'name'], /^orlop: the filter 'name' has no value/],
    [['volume', 'create', 'a/b'], /^orlop: 'a\/b' is not a volume name/],
    [
      ['volume', 'create', '-d', 'nfs', 'a'],
      /^orlop: option '--driver' comes with a later version\nhint: until then: /,
    ],
    [['import', 'https://example.org/a.tar'], /^orlop: import from a URL comes with a later version\n/],
  ] as const) {
    it(`refuses '${argv.join(' ')}' with 125, before a store is opened`, async () => {
      const { status, stdout, stderr, calls } = await orlop(argv);
      expect({ status, stdout, calls }).to.deep.equal({ status: 125, stdout: '', calls: [] });
      if (typeof message === 'string') expect(stderr).to.equal(message);
      else expect(stderr).to.match(message);
    });
  }

  it('colours nothing that is not a terminal, and nothing with NO_COLOR', async () => {
    expect((await orlop(['rum'], { terminal: true })).stderr).to.match(/^\u001b\[31morlop:/);
    expect((await orlop(['rum'], { terminal: true, env: { NO_COLOR: '1' } })).stderr).to.match(/^orlop:/);
    expect((await orlop(['rum'])).stderr).to.match(/^orlop:/);
  });

  it('shows the version in one line, and the facts in several forms', async () => {
    const version = (await orlop(['version', '--format', '{{.Version}}'])).stdout.trim();
    expect(version).to.match(/^\d+\.\d+\.\d+/);
    expect((await orlop(['--version'])).stdout).to.equal(`orlop version ${version}\n`);
    expect(JSON.parse((await orlop(['version', '--format', 'json'])).stdout)).to.include({
      Version: version,
      Node: process.version,
    });
  });

  it(`takes Docker's longer names`, async () => {
    const library = { 'containers.list': () => ({ items: [], damaged: [] }) };
    const { calls } = await orlop(['--root', '/', 'container', 'ls', '-a'], { library });
    expect(calls.map(([name]) => name)).to.deep.equal(['open', 'containers.list', 'close']);
    expect(calls[0]?.[1]).to.deep.equal({ root: '/', isolation: undefined });
    expect(calls[1]?.[1]).to.deep.include({ all: true });
    expect((await orlop(['image', 'ls', '--help'])).stdout).to.match(/^Usage: orlop images/);
  });

  it('makes no store where --root is mistyped, unless the command makes things', async () => {
    const root = '/nonexistent/root';
    const { status, stderr, calls } = await orlop(['--root', root, 'ps']);
    expect({ status, calls }).to.deep.equal({ status: 125, calls: [] });
    expect(stderr).to.match(/^orlop: there is no store at '\/nonexistent\/root'\nhint: check --root; /);
    const library = { 'volumes.create': () => ({ name: 'data' }) };
    expect((await orlop(['--root', root, 'volume', 'create', 'data'], { library })).status).to.equal(0);
  });

  for (const [words, code, status] of [
    ['rm x', 'ORLOP_E_NO_CONTAINER', 1],
    ['commit x', 'ORLOP_E_NO_CONTAINER', 1],
    ['export x', 'ORLOP_E_NO_CONTAINER', 1],
    ['start -a x', 'ORLOP_E_NO_CONTAINER', 1],
    ['diff x', 'ORLOP_E_NO_CONTAINER', 1],
    ['save x', 'ORLOP_E_NO_IMAGE', 1],
    ['rmi x', 'ORLOP_E_NO_IMAGE', 1],
    ['tag x y', 'ORLOP_E_NO_IMAGE', 1],
    ['inspect x', 'ORLOP_E_NO_CONTAINER', 1],
    ['volume rm x', 'ORLOP_E_NO_VOLUME', 1],
    ['run x', 'ORLOP_E_NO_IMAGE', 125],
    ['create x', 'ORLOP_E_NO_IMAGE', 125],
    ['diff x', 'ORLOP_E_DAMAGED', 125],
  ] as const) {
    it(`ends with ${status} where 'orlop ${words}' fails with ${code}`, async () => {
      const refuse = () => {
        throw new RequestError(code, 'refused');
      };
      const names = ['container', 'createRequested', 'containers.remove', 'images.save', 'images.remove', 'images.tag'];
      const library = Object.fromEntries(
        [...names, 'images.inspect', 'volumes.inspect', 'volumes.remove'].map((name) => [name, refuse]),
      );
      expect((await orlop(words.split(' '), { library })).status).to.equal(status);
    });
  }

  it('closes the store also when the command failed, and reports a mistake of its own as one', async () => {
    const library = {
      'containers.list': () => {
        throw new TypeError('oops');
      },
    };
    const { status, stderr, calls } = await orlop(['ps'], { library });
    expect(status).to.equal(125);
    expect(stderr).to.match(/^orlop: internal error: TypeError: oops\n/);
    expect(calls.at(-1)).to.deep.equal(['close']);
  });
});
