import { execFile, execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import { addonFile } from '../support/addon.ts';
import { requires } from '../support/require.ts';
import { childrenSource, hold, plainPlan, program, start, started } from '../support/starts.ts';
import { temporaryDirectory, until } from '../support/temporary.ts';

const run = promisify(execFile);
const somebody = { uid: 1000, gid: 1000 };

/** Reads 16 bytes of a process's memory by process_vm_readv(2), at the first mapping that can be read. */
const reader = `
import ctypes, sys
pid = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
class Vector(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
buffer = ctypes.create_string_buffer(16)
local, remote = Vector(ctypes.addressof(buffer), 16), Vector(int(sys.argv[2], 16), 16)
size = libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
print(size if size >= 0 else 'errno %d' % ctypes.get_errno())
`;

describe("the caller's memory", function () {
  this.timeout(120_000);
  requires('addon', 'root');
  const directory = temporaryDirectory();

  it('cannot be read through a child that has become somebody and not executed yet', async () => {
    const native = loadNative();
    const own = firstMapping(process.pid);
    const read = async (pid: number, address = own) =>
      (await run('python3', ['-c', reader, `${pid}`, address], { ...somebody, cwd: '/' })).stdout.trim();

    const become = { op: 'ids', uid: somebody.uid, gid: somebody.gid, groups: [] } as const;
    const held = await hold(native, [become]);
    await until('the child to have changed its user', () => statusOf(held.pid).includes(`Uid:\t${somebody.uid}\t`));
    expect(await read(held.pid), 'the child').to.equal('errno 1');
    expect(await read(process.pid), 'the caller').to.equal('errno 1');
    held.open();
    await native.wait(started(await held.pending));
    held.close();

    // The same attack works on an ordinary process, so it was not the attack that failed.
    const victim = spawn('/bin/sleep', ['600'], { ...somebody, cwd: '/', stdio: 'ignore' });
    const pid = victim.pid ?? 0;
    // It has its name before its memory.
    const address = await until('the victim to run', () => isNamed(pid, 'sleep') && (firstMapping(pid) || undefined));
    expect(await read(pid, address), 'an ordinary process').to.equal('16');
    victim.kill();
  });

  it('cannot be read by root without capabilities through a child that has dropped its own', async () => {
    const native = loadNative();
    const none = { effective: 0n, permitted: 0n, inheritable: 0n, ambient: 0n };
    const alone = ['--bounding-set=-all', '--inh-caps=-all', 'python3', '-c', reader];
    const read = async (pid: number, address: string) =>
      (await run('setpriv', [...alone, `${pid}`, address], { cwd: '/' })).stdout.trim();
    const dropped = (pid: number) => /^CapPrm:\t0+$/m.test(statusOf(pid)) && /^CapBnd:\t0+$/m.test(statusOf(pid));

    const held = await hold(native, [
      { op: 'bounding', set: 0n },
      { op: 'capabilities', ...none },
    ]);
    await until('the child to have dropped its capabilities', () => dropped(held.pid));
    expect(await read(held.pid, firstMapping(process.pid)), 'the child').to.equal('errno 1');
    await native.wait(started(await start(native, { argv: ['/bin/true'] })));
    expect(await read(held.pid, firstMapping(process.pid)), 'the child, after another start').to.equal('errno 1');
    held.open();
    await native.wait(started(await held.pending));
    held.close();

    // The same attack works on an ordinary process without capabilities.
    const victim = spawn('setpriv', ['--bounding-set=-all', '--inh-caps=-all', '/bin/sleep', '600'], {
      stdio: 'ignore',
    });
    const pid = victim.pid ?? 0;
    const address = await until('the victim to run', () => isNamed(pid, 'sleep') && (firstMapping(pid) || undefined));
    expect(await read(pid, address), 'an ordinary process').to.equal('16');
    victim.kill();
  });

  it('is not given to a user where the kernel makes the memory of a changed process readable', async () => {
    const native = loadNative();
    const setting = '/proc/sys/fs/suid_dumpable';
    const before = readFileSync(setting, 'utf8');
    const become = (uid: number) => {
      const steps = [
        { op: 'bounding', set: 0n },
        { op: 'ids', uid, gid: 1000, groups: [] },
      ] as const;
      return start(native, { argv: ['/bin/true'], steps });
    };
    writeFileSync(setting, '1');
    try {
      const refused = await become(1000);
      expect(refused.failure).to.include({ code: 'ENOTSUP', op: 5 });
      await native.wait(started(await become(0)));
    } finally {
      writeFileSync(setting, before);
    }
    await native.wait(started(await become(1000)));
  });

  it('stays closed to others after a start where the program has closed it itself', async () => {
    const library = join(directory(), 'closed.so');
    const closed = `#include <sys/prctl.h>
      __attribute__((constructor)) static void close_memory(void) { prctl(PR_SET_DUMPABLE, 0); }`;
    execFileSync('gcc', ['-shared', '-fPIC', '-x', 'c', '-o', library, '-'], { input: closed });
    const none = { effective: 0n, permitted: 0n, inheritable: 0n, ambient: 0n };
    const some = plainPlan({ argv: ['/bin/true'], steps: [{ op: 'capabilities', ...none }] });
    const groups: number[][] = [];
    for (const preload of [{}, { LD_PRELOAD: library }]) {
      const { argv, env } = program(
        `const fs = require('node:fs');
         const group = () => fs.statSync('/proc/self/environ').gid;
         const before = group();
         await native.wait((await start('some')).process);
         console.log(JSON.stringify([before, group()]));`,
        { some },
        { env: preload },
      );
      // The files of a process whose memory is closed belong to root's group.
      const { stdout } = await run('setpriv', ['--regid=1000', '--clear-groups', process.execPath, ...argv], { env });
      groups.push(JSON.parse(stdout));
    }
    expect(groups).to.deep.equal([
      [1000, 1000],
      [0, 0],
    ]);
  });

  const become = ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups'];
  const hiding = 'mount -t proc -o hidepid=invisible proc /proc && exec "$@"';
  const alone = ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', hiding, 'sh'];
  for (const [where, before] of [
    ['', become],
    [', where procfs hides what it would refuse', [...alone, ...become]],
  ] as const) {
    it(`can be read by its own user again after fifty starts at once${where}`, () => startFifty(before));
  }

  it('is what a start waits for, until it is cancelled, which is not taken for a failure to write its maps', async () => {
    const none = { effective: 0n, permitted: 0n, inheritable: 0n, ambient: 0n };
    const steps = [
      { op: 'capabilities', ...none },
      { op: 'barrier', gate: 0 },
    ] as const;
    const held = plainPlan({ argv: ['/bin/true'], namespaces: ['user'], supplied: ['gate'], steps });
    const some = plainPlan({ argv: ['/bin/true'], namespaces: ['user'] });
    const { argv, env } = program(
      `${childrenSource}
       const maps = { uidMap: '0 1000 1', gidMap: '0 1000 1' };
       const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
       const [gate, open] = native.pipe();
       const first = start('held', { ...maps, descriptors: [gate] });
       // While the memory of this program is closed, the kernel refuses the maps of the next child.
       while (fs.statSync('/proc/self/environ').uid !== 0) await turn();
       const bytes = Buffer.from(plans.some, 'base64');
       const prepared = native.prepare(bytes, { features: native.features(), ...maps });
       const token = {};
       const second = native.launch(prepared, { values: [], descriptors: [] }, token);
       while (children().length < 2) await turn();
       const cancelled = Date.now();
       native.cancel(token);
       const { died, failure } = await second.catch((failure) => ({ failure: String(failure) }));
       // Maps are written again for ten seconds.
       const soon = Date.now() - cancelled < 5000;
       fs.writeSync(open, 'x');
       const { code } = await native.wait((await first).process);
       console.log(JSON.stringify({ died, failure, soon, first: code }));`,
      { held, some },
      { addon: addonFor() },
    );
    const [command = '', ...words] = become;
    const { stdout } = await run(command, [...words, process.execPath, ...argv], { env, cwd: '/', timeout: 150_000 });
    expect(JSON.parse(stdout)).to.deep.equal({ died: { code: null, signal: 9 }, failure: null, soon: true, first: 0 });
  });

  /** A copy of the addon that others may read, as they may not read this checkout. */
  function addonFor(): string {
    const addon = join(directory(), 'orlop.node');
    copyFileSync(addonFile, addon);
    for (const path of [addon, directory()]) chmodSync(path, 0o755);
    return addon;
  }

  /** @param before what makes a program another user's */
  async function startFifty([command = '', ...words]: readonly string[]): Promise<void> {
    const addon = addonFor();
    const none = { effective: 0n, permitted: 0n, inheritable: 0n, ambient: 0n };
    const plan = plainPlan({
      argv: ['/bin/true'],
      namespaces: ['user'],
      steps: [{ op: 'capabilities', ...none }],
    });
    const { argv, env } = program(
      `const fs = require('node:fs');
       const owner = () => fs.statSync('/proc/self/environ').uid;
       const before = owner();
       const one = async () => {
         const { process: child, failure } = await start('some', { uidMap: '0 1000 1', gidMap: '0 1000 1' });
         return child === null ? failure : (await native.wait(child)).code;
       };
       const codes = await Promise.all(Array.from({ length: 50 }, one));
       console.log(JSON.stringify({ before, after: owner(), codes: [...new Set(codes)] }));`,
      { some: plan },
      { addon },
    );
    const { stdout } = await run(command, [...words, process.execPath, ...argv], { env, cwd: '/', timeout: 150_000 });
    expect(JSON.parse(stdout)).to.deep.equal({ before: 1000, after: 1000, codes: [0] });
  }
});

function statusOf(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, 'utf8');
}

function isNamed(pid: number, name: string): boolean {
  return readFileSync(`/proc/${pid}/comm`, 'utf8') === `${name}\n`;
}

/** Address of the first mapping that can be read, in hexadecimal; none yet while the process is executing a program. */
function firstMapping(pid: number): string {
  const line = readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .find((mapping) => /^[0-9a-f]+-[0-9a-f]+ r/.test(mapping));
  return line?.split('-')[0] ?? '';
}
