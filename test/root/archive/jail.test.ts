import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { archiveExecutable } from '../../../ts/images/archive/executable.ts';
import { pack, unpack } from '../../../ts/images/archive/index.ts';
import { requires, requiresIn } from '../../support/require.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';
import { kill } from '../../support/workers.ts';
import { run, shell } from './support.ts';

const capabilities = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  FOWNER: 3,
  FSETID: 4,
  SYS_ADMIN: 21,
  MKNOD: 27,
  SETFCAP: 31,
} as const;

const setOf = (...names: (keyof typeof capabilities)[]) =>
  names
    .reduce((set, name) => set | (1n << BigInt(capabilities[name])), 0n)
    .toString(16)
    .padStart(16, '0');

const unpackSet = setOf('CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP');

/** The lines of /proc/PID/status that matter. */
function status(pid: number): Record<string, string> {
  const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n');
  return Object.fromEntries(lines.map((line) => line.split(':\t') as [string, string]));
}

const numbers = process.arch === 'arm64' ? { read: 63, write: 64, recvmsg: 212 } : { read: 0, write: 1, recvmsg: 47 };

/** True if the process waits in that call, proc_pid_syscall(5). */
const calls = (pid: number, name: keyof typeof numbers) =>
  readFileSync(`/proc/${pid}/syscall`, 'utf8').startsWith(`${numbers[name]} `);

const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

/**
 * Makes a stopped process, which waits in read(2), call tgkill(2) with SIGKILL on another one: ptrace(2). The call is
 * filtered as one of its own.
 */
const callTgkill = `
import ctypes, os, sys
pid, victim = int(sys.argv[1]), int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
attach, detach, get_registers, set_registers = 16, 17, 12, 13
names = 'r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip'.split()
registers = (ctypes.c_ulonglong * 27)()
def ptrace(request, data=None):
    if libc.ptrace(request, pid, None, data) < 0: sys.exit('ptrace: errno %d' % ctypes.get_errno())
ptrace(attach)
os.waitpid(pid, 0)
ptrace(get_registers, ctypes.addressof(registers))
change = dict(rax=234, rdi=victim, rsi=victim, rdx=9, orig_rax=2**64 - 1)
for name, value in change.items(): registers[names.index(name)] = value
registers[names.index('rip')] -= 2
ptrace(set_registers, ctypes.addressof(registers))
ptrace(detach)
`;

describe('the process that unpacks', () => {
  requires('privilege', 'archive');
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory(), name);
  let child: ChildProcess | undefined;
  const open: number[] = [];

  afterEach(async () => {
    // The next test looks for processes of this name.
    if (child !== undefined) await kill(child);
    child = undefined;
    for (const fd of open.splice(0)) closeSync(fd);
  });

  function openPipe(): { read: number; write: number } {
    run('mkfifo', at('pipe'));
    const both = openSync(at('pipe'), 'r+');
    const read = openSync(at('pipe'), 'r');
    open.push(read, both);
    return { read, write: both };
  }

  /** Starts it on a pipe that stays open, and waits until it is locked in. */
  async function start(...argv: string[]): Promise<number> {
    mkdirSync(at('staging'), { recursive: true });
    shell('echo inside > "$1/staging/marker"', directory());
    const staging = openSync(at('staging'), 'r');
    open.push(staging);
    const { read } = openPipe();
    child = spawn(await archiveExecutable(), argv, {
      env: { SECRET: 'x' },
      stdio: [read, 'ignore', 'inherit', staging, 'ignore', 'pipe'],
    });
    const pid = child.pid ?? 0;
    await until('the archive is read', () => calls(pid, 'read'));
    return pid;
  }

  for (const kind of ['layer', 'tree', 'files']) {
    it(`has six capabilities, a filter and no new privileges (${kind})`, async () => {
      const pid = await start('unpack', kind, '1000000', '2000', '-', '-', '-');
      const { CapEff, CapPrm, CapBnd, CapInh, CapAmb, NoNewPrivs, Seccomp } = status(pid);
      expect([CapEff, CapPrm, CapBnd]).to.deep.equal([unpackSet, unpackSet, unpackSet]);
      expect([CapInh, CapAmb]).to.deep.equal([setOf(), setOf()]);
      expect([NoNewPrivs, Seccomp]).to.deep.equal(['1', '2']);
    });
  }

  it('has the directory as its root, in a mount namespace that has nothing else', async () => {
    const pid = await start('unpack', 'layer', '1000000', '2000', '-', '-', '-');
    expect(readlinkSync(`/proc/${pid}/ns/mnt`)).not.to.equal(readlinkSync('/proc/self/ns/mnt'));
    expect(readdirSync(`/proc/${pid}/root`)).to.deep.equal(['marker']);
    expect(lstatSync(`/proc/${pid}/root/.`).ino).to.equal(lstatSync(at('staging')).ino);
    const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n');
    expect(mounts).to.have.length(1);
    expect(mounts[0]).to.match(/ \/ rw,nosuid,nodev,noexec/);
  });

  it('sees nothing that the host mounts in the directory meanwhile, where mounts are shared', async () => {
    mkdirSync(at('staging'));
    shell('mount -t tmpfs none "$1"; mount --make-shared "$1"; mkdir "$1/later"', at('staging'));
    try {
      const pid = await start('unpack', 'layer', '1000000', '2000', '-', '-', '-');
      run('mount', '-t', 'tmpfs', 'none', at('staging/later'));
      expect(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).to.match(/^[^\n]* - tmpfs [^\n]*\n$/);
    } finally {
      run('umount', '--recursive', '--lazy', at('staging'));
    }
  });

  it('has only the descriptors that it was given, and no environment', async () => {
    const pid = await start('unpack', 'tree', '1000000', '2000', '-', '-', '-');
    const fds = readdirSync(`/proc/${pid}/fd`).map(Number);
    // 6: the way to the helper.
    expect(
      fds.every((fd) => fd <= 6),
      fds.join(),
    ).to.equal(true);
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.to.include('HOME');
  });

  it('has a helper that may do one thing only, and that ends with it', async () => {
    const pid = await start('unpack', 'layer', '1000000', '2000', '-', '-', '-');
    const [helper = 0] = await until('the helper', () => {
      const found = childrenOf(pid);
      return found.length === 1 && calls(found[0] ?? 0, 'recvmsg') && found;
    });
    const { CapEff, CapBnd, NoNewPrivs, Seccomp } = status(helper);
    expect([CapEff, CapBnd, NoNewPrivs, Seccomp]).to.deep.equal([setOf('SYS_ADMIN'), setOf('SYS_ADMIN'), '1', '2']);
    expect(readdirSync(`/proc/${helper}/root`)).to.deep.equal(['marker']);
    expect(readdirSync(`/proc/${helper}/fd`)).to.have.length(1);
    child?.kill('SIGKILL');
    await until('the helper has ended', () => !alive(helper));
  });

  it('is not to be read by others, and its limits are low', async () => {
    const pid = await start('unpack', 'layer', '1000000', '2000', '-', '-', '-');
    expect(lstatSync(`/proc/${pid}/mem`).uid).to.equal(0);
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
    expect(limits).to.match(/Max address space\s+1073741824\s+1073741824/);
    expect(limits).to.match(/Max open files\s+160\s+160/);
    expect(limits).to.match(/Max core file size\s+0\s+0/);
  });

  it('when it packs, sees the tree read-only and has what reading needs', async () => {
    mkdirSync(at('staging'));
    shell('head -c 1000000 /dev/urandom > "$1/staging/x"', directory());
    const staging = openSync(at('staging'), 'r');
    const { write } = openPipe();
    open.push(staging);
    // Nobody reads the pipe: it blocks when the pipe is full.
    child = spawn(await archiveExecutable(), ['pack', 'layer', 'none', '0'], {
      stdio: ['ignore', write, 'inherit', staging, 'ignore', 'pipe'],
    });
    const pid = child.pid ?? 0;
    await until('the pipe is full', () => calls(pid, 'write'));
    expect(status(pid).Seccomp).to.equal('2');
    expect(status(pid).CapEff).to.equal(setOf('DAC_READ_SEARCH', 'SYS_ADMIN'));
    expect(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).to.match(
      /^\S+ \S+ \S+ \S+ \/ ro,nosuid,nodev,noexec[^\n]*\n$/,
    );
  });

  it('can signal no process but itself', async function () {
    // The registers are those of x64; the filter is the same on every machine.
    requiresIn(this, 'x64');
    const victim = spawn('sleep', ['600'], { stdio: 'ignore' });
    try {
      const pid = await start('unpack', 'files', '1000000', '2000', '-', '-', '-');
      if (child === undefined) throw new Error('nothing was started');
      const exit = once(child, 'exit');
      run('python3', '-c', callTgkill, `${pid}`, `${victim.pid}`);
      expect(await exit).to.deep.equal([null, 'SIGSYS']);
      expect(alive(victim.pid ?? 0)).to.equal(true);
    } finally {
      await kill(victim);
    }
  });

  it('ends with an AbortSignal, at once and for good', async () => {
    mkdirSync(at('staging'));
    const staging = openSync(at('staging'), 'r');
    open.push(staging);
    const { read, write } = openPipe();
    const controller = new AbortController();
    const result = unpack({ source: read, directory: staging, layer: true, signal: controller.signal }).catch(
      (it) => it,
    );
    writeSync(write, Buffer.alloc(512));
    await until('it runs', () => childrenOf(process.pid).some((pid) => commandOf(pid) === 'orlop-archive'));
    controller.abort(new Error('enough'));
    expect(await result).to.include({ name: 'RequestError', code: 'ORLOP_E_ABORTED' });
    expect(childrenOf(process.pid).filter((pid) => commandOf(pid) === 'orlop-archive')).to.deep.equal([]);
  });

  it('leaves a clear error when it is killed', async () => {
    mkdirSync(at('staging'));
    const staging = openSync(at('staging'), 'r');
    open.push(staging);
    const { read } = openPipe();
    const result = unpack({ source: read, directory: staging, layer: true }).catch((it) => it);
    const pid = await until('it runs', () => childrenOf(process.pid).find((it) => commandOf(it) === 'orlop-archive'));
    process.kill(pid, 'SIGKILL');
    const error = await result;
    expect(error).to.include({ name: 'LaunchError', code: 'SIGKILL', exitCode: 125 });
    expect(error.message).to.equal('could not unpack the archive: orlop-archive was killed by SIGKILL');
  });

  it('gives the errno of the kernel when the disk is full', async () => {
    mkdirSync(at('staging'));
    shell(
      'mount -t tmpfs -o size=200k tmpfs "$1/staging"; cd "$1"; head -c 1000000 /dev/urandom > x; tar -cf a.tar x',
      directory(),
    );
    try {
      const [archive, staging] = [openSync(at('a.tar'), 'r'), openSync(at('staging'), 'r')];
      const error = await unpack({ source: archive, directory: staging, layer: true }).catch((it) => it);
      closeSync(archive);
      closeSync(staging);
      expect(error).to.include({ name: 'LaunchError', code: 'ENOSPC', syscall: 'pwrite', path: 'x', exitCode: 125 });
    } finally {
      shell('umount "$1/staging"', directory());
    }
  });

  it('is named when it cannot be found', async () => {
    process.env.ORLOP_ARCHIVE = at('none');
    try {
      const error = await pack({ directory: 0, output: 1, layer: false, compression: 'none' }).catch((it) => it);
      expect(error).to.include({ code: 'ORLOP_E_NATIVE' });
      expect(error.message).to.include(at('none'));
    } finally {
      delete process.env.ORLOP_ARCHIVE;
    }
  });
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Not gone, and not a zombie that waits for its reaper. */
function alive(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
