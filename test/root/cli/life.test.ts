import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { busyboxArchive } from '../../support/busybox.ts';
import { cli, cliPath } from '../../support/cli.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const heeding = "trap 'exit 3' TERM HUP; echo ready; while :; do sleep 0.05; done";
const deaf = "trap '' TERM; echo ready; while :; do sleep 0.05; done";

describe('orlop stop, kill, wait, top, rename and container prune', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const directory = temporaryDirectory();
  let root = '';
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    root = join(directory(), 'root');
    mkdirSync(root, { mode: 0o700 });
    await ok('import', '-q', busyboxArchive(directory()), 'busybox');
  });

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  async function ok(...args: string[]): Promise<string> {
    const result = await cli(root, args);
    expect(result, `orlop ${args.join(' ')}`).to.deep.include({ code: 0, stderr: '' });
    return result.stdout;
  }

  /** Runs a container in another process, and waits until its script is ready. The result is that process's end. */
  async function running(name: string, script: string): Promise<{ readonly end: Promise<unknown[]> }> {
    const argv = ['--', cliPath, '--root', root, 'run', '--name', name, 'busybox', 'sh', '-c', script];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const end = once(child, 'exit');
    await once(child.stdout, 'data');
    return { end };
  }

  it('stop several at once, in the time of one, and tell their exit codes', async () => {
    const started = [await running('one', deaf), await running('two', heeding), await running('three', deaf)];
    const waiting = cli(root, ['wait', 'one', 'two', 'three']);
    const began = performance.now();
    expect(await ok('stop', '-t', '2', 'one', 'two', 'three')).to.equal('one\ntwo\nthree\n');
    const seconds = (performance.now() - began) / 1000;
    expect(seconds).to.be.at.least(2).and.below(4);
    expect(await waiting).to.deep.include({ code: 0, stdout: '137\n3\n137\n', stderr: '' });
    const ends = await Promise.all(started.map(({ end }) => end));
    expect(ends.map(([code]) => code)).to.deep.equal([137, 3, 137]);
    expect(await ok('stop', 'one')).to.equal('one\n');
  });

  it('send the signal that is named', async () => {
    const { end } = await running('web', heeding);
    expect(await ok('kill', '--signal=hup', 'web')).to.equal('web\n');
    expect(await end).to.deep.equal([3, null]);
    const { code, stderr } = await cli(root, ['kill', 'web', 'nobody']);
    expect(code).to.equal(1);
    expect(stderr).to.contain("container 'web' does not run").and.contain("no container has the name or ID 'nobody'");
    expect((await cli(root, ['kill', '-s', 'NONE', 'web'])).stderr).to.contain("there is no signal 'NONE'");
    expect((await cli(root, ['stop', '-t', 'long', 'web'])).stderr).to.contain("the time to stop 'long'");
  });

  it('show processes with the columns of ps', async () => {
    await running('web', heeding);
    const [headers = '', first = '', ...more] = (await ok('top', 'web')).trimEnd().split('\n');
    expect(headers.split(/\s+/)).to.deep.equal(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
    const pid = (await ok('inspect', '-f', '{{.State.Pid}}', 'web')).trim();
    expect(first.split(/\s+/).slice(1, 2)).to.deep.equal([pid]);
    expect(first).to.match(/^\d+ +\d+ +\d+ +\d+ +\d\d:\d\d +\? +\d\d:\d\d:\d\d +sh -c trap/);
    for (const line of more) expect(line.split(/\s+/)[2]).to.equal(pid);
    expect(await cli(root, ['top', 'web', '-o', 'pid'])).to.deep.include({ code: 125 });
    await ok('stop', '-t', '0', 'web');
    expect((await cli(root, ['top', 'web'])).stderr).to.contain("container 'web' does not run");
  });

  it('rename, and remove what does not run', async () => {
    await running('old', heeding);
    const made = (await ok('create', '--label', 'job=7', '--name', 'made', 'busybox', 'true')).trim();
    expect(await ok('rename', 'old', 'new')).to.equal('');
    expect(await ok('ps', '--format', '{{.Names}}')).to.equal('new\n');
    expect(await ok('ps', '-as', '--filter', 'since=new', '--format', '{{.Names}} {{.Size}} {{.Networks}}')).to.match(
      /^made [\d.]+\w*B \(virtual [\d.]+MB\) none\n$/,
    );
    expect((await cli(root, ['ps', '--filter', 'before=nobody'])).stderr).to.contain('no container has the name or ID');
    expect(await ok('container', 'prune', '--filter', 'until=1h', '-f')).to.equal('Total reclaimed space: 0B\n');
    expect(await ok('container', 'prune', '--filter', 'label=job=8', '-f')).to.equal('Total reclaimed space: 0B\n');
    const asked = await cli(root, ['container', 'prune'], { input: 'n\n' });
    expect(asked).to.deep.include({ code: 0, stdout: '' });
    expect(asked.stderr).to.contain('This will remove all stopped containers.');
    expect(await ok('container', 'prune', '-f')).to.match(
      new RegExp(`^Deleted Containers:\n${made}\n\nTotal reclaimed space: \\d+B\n$`),
    );
    expect(await ok('ps', '-a', '--format', '{{.Names}}')).to.equal('new\n');
    await ok('rm', '-f', 'new');
  });
});
