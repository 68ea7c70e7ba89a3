import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { StartOptions } from '../../../ts/index.ts';
import { cliPath } from '../../support/cli.ts';
import { withCliStore } from '../../support/cli-store.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires, requiresIn } from '../../support/require.ts';

describe("the caller's null device", () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  it('keeps its mode and owner whatever root in a container does to its standard streams', async function () {
    requiresIn(this, 'root');
    // A null device of the test's own stands in for the host's, which the whole machine needs.
    const directory = join(fixture().directory, 'devices');
    mkdirSync(directory);
    const device = join(directory, 'null');
    execFileSync('mknod', ['-m', '666', device, 'c', '1', '3']);
    execFileSync('mount', ['--bind', device, '/dev/null']);
    try {
      const { orlop } = fixture();
      const attack =
        'for n in 0 1 2; do chmod 600 /proc/self/fd/$n; chown 5:6 /proc/self/fd/$n; done; stat -c %a /dev/stdin';
      const container = await orlop.create('busybox', ['sh', '-c', attack], { rm: true });
      const running = await container.start({ stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
      expect(await running.exited).to.include({ exitCode: 0, signal: null });
      const { mode, uid, gid, rdev } = statSync('/dev/null');
      expect([mode & 0o7777, uid, gid, rdev]).to.deep.equal([0o666, 0, 0, 0x103]);
    } finally {
      // Whatever was started meanwhile may hold it open.
      execFileSync('umount', ['--lazy', '/dev/null']);
    }
  });

  it('is replaced by one that works', async () => {
    const { stdout } = await fixture().orlop.run('busybox', ['sh', '-c', 'cat; stat -L -c %t:%T /proc/self/fd/0']);
    expect(stdout).to.equal('1:3\n');
  });
});

describe('a descriptor that a program gives to a container as a stream', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const create = (script: string) => fixture().orlop.create('busybox', ['sh', '-c', script], { rm: true });

  it('is refused where it leads to more than a stream, in a pool too', async function () {
    requiresIn(this, 'root');
    const { directory, orlop } = fixture();
    const disk = join(directory, 'disk');
    execFileSync('mknod', [disk, 'b', '7', '0']);
    // O_PATH, which node:fs does not name.
    const given = [openSync('/', 'r'), openSync('/etc/shadow', 0o10000000), openSync(disk, 0o10000000)];
    await using pool = await orlop.pool('busybox', { size: 1 });
    for (const descriptor of given) {
      const read = 'cat /proc/self/fd/0/etc/shadow /proc/self/fd/0';
      const container = await create(read);
      const refused = await refusal(container.start({ stdin: descriptor }));
      expect(refused.code).to.equal('ORLOP_E_INPUT');
      expect(refused.message).to.match(/^stdin cannot lead to descriptor \d+, which is (a directory|a path|a disk)/);
      expect((await refusal(pool.start(['sh', '-c', read], { stdin: descriptor }))).code).to.equal('ORLOP_E_INPUT');
      closeSync(descriptor);
    }
    expect((await pool.run(['echo', 'still'])).stdout).to.equal('still\n');
  });

  it('is a pipe for a file: nothing of it can be read, written or changed but what passes through', async () => {
    const { directory, orlop } = fixture();
    const attack = `cat; echo out; echo err >&2; echo more >/proc/self/fd/0
      for n in 0 1 2; do chmod 777 /proc/self/fd/$n; readlink /proc/1/fd/$n | cut -c 1-5; done`;
    const path = (name: string) => join(directory, name);
    await using pool = await orlop.pool('busybox', { size: 1 });
    const starts = {
      container: async (options: StartOptions) => (await create(attack)).start(options),
      pool: (options: StartOptions) => pool.start(['sh', '-c', attack], options),
    };
    for (const [name, start] of Object.entries(starts)) {
      writeFileSync(path('in'), 'given\n');
      writeFileSync(path('out'), 'secret\n', { mode: 0o640 });
      const [stdin, stdout] = [openSync(path('in'), 'r'), openSync(path('out'), 'a')];
      const running = await start({ stdin, stdout, stderr: stdout });
      // The program may close its own at once.
      for (const descriptor of [stdin, stdout]) closeSync(descriptor);
      await running.exited;
      expect(readFileSync(path('out'), 'utf8'), name).to.equal(`secret\ngiven\nout\nerr\n${'pipe:\n'.repeat(3)}`);
      expect(readFileSync(path('in'), 'utf8'), name).to.equal('given\n');
      expect(statSync(path('out')).mode & 0o777, name).to.equal(0o640);
    }
  });

  it('does not keep the program, where the application reads no more of it', async () => {
    const path = join(fixture().directory, 'large');
    writeFileSync(path, Buffer.alloc(3_000_000));
    const stdin = openSync(path, 'r');
    const running = await (await create('head -c 5 | wc -c; exit 3')).start({ stdin, stdout: 'ignore' });
    expect(await running.exited).to.include({ exitCode: 3, signal: null });
    closeSync(stdin);
  });
});

describe('a file or a terminal that orlop run writes to', () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'cli');
  const store = withCliStore();

  const run = (script: string, stdio: [number | 'ignore', number, number], interactive: readonly string[] = []) =>
    spawnSync(
      process.execPath,
      [cliPath, '--root', store().root, 'run', '--rm', ...interactive, 'busybox', 'sh', '-c', script],
      { stdio, timeout: 120_000 },
    );

  it('cannot be made a set-id program, read, or cut by what runs in the container', () => {
    const path = join(store().directory, 'output');
    const before = openSync(path, 'w');
    closeSync(before);
    chmodSync(path, 0o640);
    const file = openSync(path, 'a');
    const attack = 'chmod 6755 /proc/self/fd/1; chown 5:6 /proc/self/fd/1 2> /dev/null; : > /proc/self/fd/2; echo end';
    expect(run(attack, ['ignore', file, file]).status).to.equal(0);
    closeSync(file);
    const { mode, uid, gid } = statSync(path);
    expect([mode & 0o7777, uid, gid]).to.deep.equal([0o640, process.getuid?.(), process.getgid?.()]);
    expect(readFileSync(path, 'utf8')).to.equal('end\n');
  });

  it('gets what is written to both streams in the order in which it was written', () => {
    const path = join(store().directory, 'ordered');
    const file = openSync(path, 'w');
    const script = 'i=0; while [ $i -lt 200 ]; do echo out $i; echo err $i >&2; i=$((i + 1)); done';
    expect(run(script, ['ignore', file, file]).status).to.equal(0);
    closeSync(file);
    const expected = Array.from({ length: 200 }, (_, index) => `out ${index}\nerr ${index}\n`).join('');
    expect(readFileSync(path, 'utf8')).to.equal(expected);
  });

  it('is not written to through the descriptor of standard input', () => {
    const path = join(store().directory, 'input');
    execFileSync('sh', ['-c', 'echo given > "$1"', 'sh', path]);
    const input = openSync(path, 'r');
    const output = join(store().directory, 'copy');
    const file = openSync(output, 'w');
    expect(
      run('cat; echo overwritten > /proc/self/fd/0; chmod 0 /proc/self/fd/0', [input, file, file], ['-i']).status,
    ).to.equal(0);
    for (const fd of [input, file]) closeSync(fd);
    expect(readFileSync(path, 'utf8')).to.equal('given\n');
    expect(readFileSync(output, 'utf8')).to.equal('given\n');
  });

  it('does not keep orlop from ending when nobody types any more', () => {
    const path = join(store().directory, 'fifo');
    execFileSync('mkfifo', [path]);
    // Open for both, so that it neither has input nor ends.
    const input = openSync(path, 'r+');
    const output = openSync(join(store().directory, 'empty'), 'w');
    expect(run('exit 7', [input, output, output], ['-i']).status).to.equal(7);
    for (const fd of [input, output]) closeSync(fd);
  });

  it('leaves the pipes beside it blocking, as programs expect them', () => {
    const path = join(store().directory, 'large');
    writeFileSync(path, Buffer.alloc(3_000_000));
    // When all of the input has come, orlop has done all that it does to its streams.
    const inside = 'wc -c; grep flags /proc/self/fdinfo/1';
    const command = [
      process.execPath,
      cliPath,
      '--root',
      store().root,
      'run',
      '--rm',
      '-i',
      'busybox',
      'sh',
      '-c',
      inside,
    ];
    const script = '"$@" < "$0" | cat';
    const result = spawnSync('sh', ['-c', script, path, ...command], { encoding: 'utf8', timeout: 120_000 });
    expect(result.stdout).to.match(/^3000000\nflags:\s+0?1\n$/);
  });

  it('is no terminal for the container, whose input can be read or forged', () => {
    // script(1) runs orlop on a terminal; -e gives its exit status.
    const inside =
      'for n in 0 1 2; do [ -t $n ] && echo terminal; readlink /proc/self/fd/$n; done; exec 3</dev/tty; exit 7';
    const command = `exec ${process.execPath} ${cliPath} --root ${store().root} run --rm busybox sh -c '${inside}'`;
    const result = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8', timeout: 120_000 });
    const lines = result.stdout.trim().split(/\r?\n/);
    expect(lines.slice(0, 3).join(' ')).to.match(/^\S*null pipe:\[\d+\] pipe:\[\d+\]$/);
    expect(result.stdout).to.match(/\/dev\/tty: (No such device or address|Device not configured)/);
    expect(result.stdout).to.not.include('terminal');
  });
});
