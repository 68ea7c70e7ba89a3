import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type CliResult, cliPath } from '../../support/cli.ts';
import { withCliStore } from '../../support/cli-store.ts';
import { processesOf } from '../../support/processes.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('orlop exec', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const store = withCliStore();
  const children: ChildProcess[] = [];
  const exec = (args: readonly string[], options: Parameters<ReturnType<typeof store>['orlop']>[1] = {}) =>
    store().orlop(['exec', ...args], options);

  /** Starts orlop in another process, and waits for its first output. */
  async function begun(...args: string[]): Promise<{ child: ChildProcess; end: Promise<unknown[]> }> {
    const argv = ['--', cliPath, '--root', store().root, ...args];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const end = once(child, 'exit');
    if (child.stdout !== null) await once(child.stdout, 'data');
    return { child, end };
  }

  let container: { end: Promise<unknown[]> };
  beforeEach(async () => {
    container = await begun(
      'run',
      '--rm',
      '--name',
      'web',
      '-e',
      'A=1',
      'busybox',
      'sh',
      '-c',
      'echo ready; sleep 1000',
    );
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await container.end;
  });

  const says = async (result: Promise<CliResult>, code: number, text: string) => {
    const { stderr, ...rest } = await result;
    expect(rest.code, stderr).to.equal(code);
    expect(stderr).to.contain(text);
  };

  it('executes a command, with options and input, in a container of another program', async () => {
    const { directory } = store();
    writeFileSync(join(directory, 'variables'), 'B=2\n');
    const options = ['-i', '-e', 'C=3', '--env-file', join(directory, 'variables'), '-w', '/data', '-u', '0:0'];
    const script =
      'read line; echo "$line $A$B$C $(pwd) $(id -u)"; readlink /proc/1/ns/pid >/one; readlink /proc/self/ns/pid | cmp /one - && echo same';
    const { stdout, stderr, code } = await exec([...options, 'web', 'sh', '-c', script], { input: 'hello\n' });
    expect({ stdout, stderr, code }).to.deep.equal({ stdout: 'hello 123 /data 0\nsame\n', stderr: '', code: 0 });
    // Without -i there is no input.
    expect(await exec(['web', 'cat'], { input: 'hello\n' })).to.deep.include({ stdout: '', code: 0 });
  });

  it('has the exit codes of docker exec', async () => {
    await says(exec(['web', 'sh', '-c', 'exit 42']), 42, '');
    await says(exec(['web', 'sh', '-c', 'kill -KILL $$']), 137, '');
    await says(exec(['web', 'missing']), 127, "executable 'missing' not found in $PATH");
    await says(exec(['web', '/etc/passwd']), 126, 'EACCES');
    await says(exec(['-w', '/missing', 'web', 'true']), 125, "'/missing'");
    await says(exec(['-u', 'nobody', 'web', 'true']), 125, "has no user 'nobody'");
    await says(exec(['none', 'true']), 125, "no container has the name or ID 'none'");
    await says(exec(['web']), 125, 'command');
    for (const option of ['-t', '-d', '--privileged', '--detach-keys=x']) {
      await says(exec([option, 'web', 'true']), 125, 'comes with a later version');
    }
    await store().orlop(['create', '--name', 'made', 'busybox', 'true']);
    await says(exec(['made', 'true']), 125, "container 'made' does not run");
  });

  it('passes signals on, and its end is the end of the command', async () => {
    const script = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    const asked = await begun('exec', 'web', 'sh', '-c', script);
    asked.child.kill('SIGTERM');
    expect(await asked.end).to.deep.equal([3, null]);
    const killed = await begun('exec', 'web', 'sh', '-c', 'echo ready; exec sleep 4711.5');
    await until('the shell is the command', () => processesOf('4711.5').length === 1);
    killed.child.kill('SIGKILL');
    await killed.end;
    await until('the command has ended', () => processesOf('4711.5').length === 0);
  });

  it('ends with the container', async () => {
    const { end } = await begun('exec', 'web', 'sh', '-c', 'echo ready; exec sleep 1000');
    expect((await store().orlop(['kill', 'web'])).code).to.equal(0);
    expect(await end).to.deep.equal([137, null]);
  });
});
