import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { busyboxArchive } from '../../support/busybox.ts';
import { type CliResult, cli, cliPath } from '../../support/cli.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';

describe('the program orlop', () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const directory = temporaryDirectory();
  let root = '';

  beforeEach(() => {
    root = join(directory(), 'root');
    mkdirSync(root, { mode: 0o700 });
  });

  /** Runs it and expects it to succeed without a word on stderr. */
  async function ok(...args: string[]): Promise<string> {
    const result = await cli(root, args, { cwd: directory() });
    expect(result, `orlop ${args.join(' ')}`).to.deep.include({ code: 0, stderr: '' });
    return result.stdout;
  }

  async function importBusybox(): Promise<string> {
    return (await ok('import', busyboxArchive(directory()), 'busybox')).trim();
  }

  it('runs from any directory, imports, runs, shows, commits, saves, loads and removes', async () => {
    const id = await importBusybox();
    expect(id).to.match(/^sha256:[0-9a-f]{64}$/);
    expect(await ok('images', '-q', '--no-trunc')).to.equal(`${id}\n`);
    expect(
      await ok('run', '--name', 'web', '-v', 'data:/test', 'busybox', 'sh', '-c', 'echo hi > /test/f; mkdir /new'),
    ).to.equal('');
    expect(readFileSync(join(root, 'volumes', 'data', '_data', 'f'), 'utf8')).to.equal('hi\n');
    expect(await ok('diff', 'web')).to.equal('A /new\nA /test\n');
    expect(await ok('ps', '-a', '--format', '{{.Names}} {{.Image}} {{.State}}')).to.match(/^web busybox\S* exited\n$/);
    expect(await ok('inspect', '-f', '{{(index .Mounts 0).Name}} {{.State.ExitCode}}', 'web')).to.equal('data 0\n');
    const committed = (await ok('commit', 'web', 'two')).trim();
    expect(await ok('run', '--rm', 'two', 'ls', '/test', '/new')).to.equal('/new:\n\n/test:\n');
    await ok('save', '-o', 'two.tar', 'two');
    expect(await ok('rm', 'web')).to.equal('web\n');
    expect(await ok('rmi', 'two'))
      .to.include('Untagged: two:latest\n')
      .and.include(`Deleted: ${committed}\n`);
    expect(await ok('load', '-i', 'two.tar')).to.equal('Loaded image: two:latest\n');
    expect(await ok('volume', 'rm', 'data')).to.equal('data\n');
    expect(await ok('volume', 'ls', '-q')).to.equal('');
    expect(await ok('ps', '-aq')).to.equal('');
  });

  it('suggests the name of an image in another registry', async () => {
    await ok('import', busyboxArchive(directory()), 'localhost/app:1');
    const { code, stderr } = await cli(root, ['run', '--rm', 'app:1', 'true']);
    expect(code).to.equal(125);
    expect(stderr).to.equal(`orlop: no image is called 'app:1'\nhint: did you mean 'localhost/app:1'?\n`);
    expect((await cli(root, ['run', '--rm', 'app:2', 'true'])).stderr).to.match(/hint: 'orlop images' lists/);
  });

  it('takes the name of a container as inspect shows it', async () => {
    await ok('create', '--name', 'shown', 'host', 'true');
    const name = (await ok('inspect', '-f', '{{.Name}}', 'shown')).trim();
    expect(name).to.equal('/shown');
    expect(await ok('diff', name)).to.equal('');
    expect(await ok('rm', name)).to.equal('/shown\n');
    expect(await ok('ps', '-aq')).to.equal('');
  });

  it('keeps a created container for another start, in the foreground', async () => {
    await importBusybox();
    const id = (
      await ok('create', '--name', 'later', 'busybox', 'sh', '-c', 'echo x >> /count; wc -l < /count')
    ).trim();
    expect(await ok('inspect', '-f', '{{.Id}} {{.State.Status}}', 'later')).to.equal(`${id} created\n`);
    expect((await ok('start', '-a', 'later')).trim()).to.equal('1');
    expect((await ok('start', '-a', id.slice(0, 8))).trim()).to.equal('2');
    expect(await ok('rm', 'later')).to.equal('later\n');
  });

  for (const [script, code] of [
    ['exit 7', 7],
    ['kill -9 $$', 137],
    ['exec /nonexistent', 127],
  ] as const) {
    it(`ends with ${code} when the application ends by '${script}'`, async () => {
      // PID 1 cannot be killed from inside; a shell below it can.
      const inner = ['sh', '-c', `sh -c '${script}'`];
      expect((await cli(root, ['run', '--rm', 'host', ...inner])).code).to.equal(code);
    });
  }

  for (const [argv, code, message] of [
    [['run', '--rm', 'host', 'nonexistent-program'], 127, /nonexistent-program/],
    [['run', '--rm', 'host', '/etc/passwd'], 126, /\/etc\/passwd/],
    [['run', '--rm', 'nope', 'true'], 125, /nope/],
    [['run', '--rm', '-v', '/nonexistent/source:/x', 'host', 'true'], 125, /\/nonexistent\/source/],
    [['run', '--rm', '-u', 'nobody-here', 'host', 'true'], 125, /nobody-here/],
    [['import', '/etc/passwd', 'x'], 125, /./],
    [['rm', 'nope'], 1, /nope/],
  ] as const) {
    it(`fails with ${code} and one message for 'orlop ${argv.join(' ')}', and leaves nothing`, async () => {
      const result = await cli(root, argv);
      expect(result).to.deep.include({ code, stdout: '' });
      expect(result.stderr)
        .to.match(/^orlop: .*\n(hint: .*\n)?$/)
        .and.match(message);
      for (const kind of ['containers', 'volumes', 'staging']) expect(list(join(root, kind)), kind).to.deep.equal([]);
    });
  }

  it('passes standard input on with -i only', async () => {
    const run = (...flags: string[]) => cli(root, ['run', '--rm', ...flags, 'host', 'cat'], { input: 'from outside' });
    expect((await run('-i')).stdout).to.equal('from outside');
    expect((await run()).stdout).to.equal('');
  });

  it('leaves the pipe that it shares with the application blocking', async () => {
    // 04000 is O_NONBLOCK; with it the application's writes fail as soon as the reader is slower.
    const { stdout } = await cli(root, [
      'run',
      '--rm',
      'host',
      'sh',
      '-c',
      'cat /proc/self/fdinfo/1 /proc/self/fdinfo/2',
    ]);
    const flags = [...stdout.matchAll(/^flags:\s*(\d+)$/gm)].map((match) => Number.parseInt(match[1] ?? '', 8));
    expect(flags).to.have.length(2);
    for (const one of flags) expect(one & 0o4000).to.equal(0);
  });

  it('ends quietly when its reader has enough', async () => {
    await importBusybox();
    const child = spawn(
      'sh',
      [
        '-c',
        '{ "$@"; echo $? >&2; } | head -n 0',
        'sh',
        process.execPath,
        cliPath,
        '--root',
        root,
        'inspect',
        'busybox',
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    const stderr = await text(child);
    expect(stderr).to.match(/^(0|141)\n$/);
  });

  it('plans without making anything', async () => {
    const before = list(root);
    const text = await ok('plan', '-v', '/test', 'host', 'true');
    const [volume, pivot] = [text.indexOf('/test'), text.indexOf('pivot')];
    expect(volume).to.be.greaterThan(0).and.lessThan(pivot);
    const made = list(root).filter((name) => !before.includes(name));
    for (const name of ['containers', 'volumes', 'mnt', 'layers'].filter((one) => made.includes(one))) {
      expect(
        list(join(root, name)).filter((one) => /^[0-9a-f]{64}$/.test(one)),
        name,
      ).to.deep.equal([]);
    }
  });

  it('finds this machine fit', async () => {
    expect(await ok('doctor')).to.match(/^ok {4}kernel/);
  });

  describe('when it gets signals', () => {
    const log = () => readFileSync(join(directory(), 'log'), 'utf8');

    /** Starts a container whose application says `ready`, and resolves when it has. */
    async function start(script: string): Promise<{ child: ChildProcess; ended: Promise<CliResult['code']> }> {
      const descriptor = openSync(join(directory(), 'log'), 'w');
      const child = spawn(process.execPath, [cliPath, '--root', root, 'run', '--rm', 'host', 'sh', '-c', script], {
        stdio: ['ignore', descriptor, 'inherit'],
      });
      closeSync(descriptor);
      const ended = new Promise<CliResult['code']>((resolve) => child.on('exit', resolve));
      await until('the application is ready', () => log().includes('ready'));
      return { child, ended };
    }

    it('passes them on, and ends as the application does', async () => {
      const { child, ended } = await start(`trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done`);
      child.kill('SIGTERM');
      expect(await ended).to.equal(9);
    });

    it('kills the application at the third Ctrl-C, and removes the container', async () => {
      const { child, ended } = await start(`trap 'echo got' INT; echo ready; while :; do sleep 0.1; done`);
      for (let count = 1; count <= 2; count++) {
        child.kill('SIGINT');
        await until(`signal ${count} has arrived`, () => log().split('got').length > count);
      }
      child.kill('SIGINT');
      expect(await ended).to.equal(137);
      expect(await ok('ps', '-aq')).to.equal('');
    });

    it('says on a terminal why the first Ctrl-C does nothing, and kills at the third', async () => {
      const number = join(directory(), 'pid');
      const command = `echo $$ > '${number}'; exec '${process.execPath}' '${cliPath}' --root '${root}' run --rm host sleep 1000`;
      const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
      const exit = once(child, 'exit');
      let shown = '';
      child.stdout.on('data', (chunk) => {
        shown += String(chunk);
      });
      const typed = (times: number) => shown.split('^C').length > times;
      await until('the application runs', async () => (await ok('ps', '-q')) !== '');
      const pid = Number(readFileSync(number, 'utf8'));
      // Signals that come at once are one, so each is typed when the one before has been taken. No more are: script(1)
      // does not end before what is typed has paused.
      child.stdin.write('\u0003');
      await until('it is told of', () => typed(1) && shown.includes('Ctrl-C does nothing'));
      child.stdin.write('\u0003');
      await until('the second has been taken', () => typed(2) && !isPending(pid, constants.signals.SIGINT));
      child.stdin.write('\u0003');
      expect(await exit).to.deep.equal([137, null]);
      expect(await ok('ps', '-aq')).to.equal('');
    });

    it('takes the container with it when it is killed, and the next command removes what is left', async () => {
      const { child, ended } = await start(`echo $$ > /ready; echo ready; exec sleep 1000`);
      const [id = ''] = list(join(root, 'mnt')).filter((name) => /^[0-9a-f]{64}$/.test(name));
      expect(id).to.have.length(64);
      child.kill('SIGKILL');
      await ended;
      await until(
        'nothing is left',
        async () => (await ok('ps', '-aq')) === '' && !existsSync(join(root, 'layers', id)),
      );
    });
  });
});

/** Whether a signal was sent to a process, and waits until the process takes it: proc_pid_status(5). */
function isPending(pid: number, signal: number): boolean {
  const set = /^ShdPnd:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return ((BigInt(`0x${set}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

function list(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

async function text(child: ChildProcess): Promise<string> {
  let all = '';
  child.stderr?.on('data', (chunk) => {
    all += chunk;
  });
  await new Promise((resolve) => child.on('close', resolve));
  return all;
}
