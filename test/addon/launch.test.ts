import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import { type Change, type Native, type RunningState, stdioSource } from '../../ts/native/contract.ts';
import { ops } from '../../ts/plan/ops.ts';
import { launchPlan, launchPrepared, type PlanLaunch, prepare } from '../support/launch.ts';
import { nameChanges } from '../support/name-changes.ts';
import { requires, requiresIn } from '../support/require.ts';
import {
  cgroup2,
  newChildren,
  type PlanParts,
  plainPlan,
  program,
  runProgram,
  start,
  started,
} from '../support/starts.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** `kFeatureCloneIntoCgroup` of native/init/run.h: without it the older clone is used. */
const cloneIntoCgroup = 1 << 5;
const clones = [
  ['clone3', ~0],
  ['clone, as where clone3 is missing', ~cloneIntoCgroup],
] as const;

/** Refuses memory once, where it is asked for as much as a child's stack and its guard take. */
const firstStackFails = `
  #define _GNU_SOURCE
  #include <dlfcn.h>
  #include <errno.h>
  #include <sys/mman.h>
  void* mmap(void* address, size_t size, int access, int flags, int file, off_t offset) {
    static int refused;
    if (size == 320 * 1024 && access == PROT_NONE && !refused++) {
      errno = ENOMEM;
      return MAP_FAILED;
    }
    void* (*real)(void*, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, "mmap");
    return real(address, size, access, flags, file, offset);
  }
  void* mmap64(void* address, size_t size, int access, int flags, int file, off_t offset) {
    return mmap(address, size, access, flags, file, offset);
  }
`;

describe('launching a plan', () => {
  requires('addon', 'root');
  const folder = temporaryDirectory();
  let native: Native;
  before(() => {
    native = loadNative();
  });

  /** What a program writes that is expected to succeed. */
  async function outputOf(parts: PlanParts, options: PlanLaunch = {}): Promise<string> {
    const [read, write] = native.pipe();
    const plan = plainPlan({
      ...parts,
      supplied: ['stdin', 'stdout', 'stderr'],
      steps: [{ op: 'stdio', in: 0, out: 1, err: 2, scratch: null }, ...(parts.steps ?? [])],
    });
    const pending = launchPlan(native, plan, { ...options, descriptors: [read, write, write] });
    closeSync(write); // the addon has duplicated it
    expect(await native.wait(started(await pending))).to.include({ code: 0, signal: null });
    const text = readFileSync(read, 'utf8');
    closeSync(read);
    return text;
  }

  it('runs the program with its arguments, environment and the supplied descriptors', async () => {
    const text = await outputOf({
      argv: ['/bin/sh', '-c', 'echo $0 $1 $VARIABLE', 'zero', 'one'],
      env: ['VARIABLE=v'],
    });
    expect(text).to.equal('zero one v\n');
  });

  for (const strategy of ['in-child', 'opener'] as const) {
    it(`starts as well where the program has closed its standard streams, ${strategy}`, async () => {
      const { nothingToWrite, pipeFromApplication } = stdioSource;
      // The pipe is opened first, so that the caller's end would get the lowest number.
      const descriptors = [pipeFromApplication, nothingToWrite, nothingToWrite];
      const some = plainPlan({
        argv: ['/bin/true'],
        strategy,
        supplied: ['stdin', 'stdout', 'stderr'],
        steps: [
          { op: 'stdio', in: 0, out: 1, err: 2, scratch: null },
          { op: 'parent-death', signal: 9 },
        ],
      });
      const outputOfProgram = async (body: string) => {
        const source = `
          ${strategy === 'opener' ? 'await native.makeEmptyNamespace();' : ''}
          const run = async () => {
            const { process: child, failure, pipes } = await start('some', { descriptors: ${JSON.stringify(descriptors)} });
            const code = failure?.code ?? (await native.wait(child)).code;
            console.log(code, pipes?.every((pipe) => pipe > 2));
          };
          const { closeSync } = require('node:fs');
          ${body}`;
        return (await runProgram(source, { some })).stdout;
      };
      // What the addon keeps open gets its numbers at the first start: then those of the streams, or others.
      expect(await outputOfProgram('closeSync(2); await run();')).to.equal('0 true\n');
      const later = 'await run(); for (const number of [2, 0]) { closeSync(number); await run(); }';
      expect(await outputOfProgram(later)).to.equal('0 true\n0 true\n0 true\n');
    });
  }

  it('clones into new namespaces', async () => {
    const text = await outputOf({
      argv: ['/bin/sh', '-c', 'echo $$; hostname'],
      namespaces: ['pid', 'uts'],
      steps: [{ op: 'hostname', name: 'inside', optional: 0 }],
    });
    expect(text).to.equal('1\ninside\n');
    expect(hostname()).not.to.equal('inside');
  });

  for (const [name, mask] of clones) {
    it(`starts by ${name}`, async () => {
      const result = await start(native, { argv: ['/bin/true'], features: native.features() & mask });
      expect(await native.wait(started(result))).to.include({ code: 0, signal: null });
    });

    it(`writes the id maps of a user namespace before its first operation, by ${name}`, async () => {
      const [uid, gid] = [process.getuid?.(), process.getgid?.()];
      const text = await outputOf(
        { argv: ['/bin/cat', '/proc/self/uid_map', '/proc/self/gid_map'], namespaces: ['user'] },
        { features: native.features() & mask, uidMap: `7 ${uid} 1\n`, gidMap: `8 ${gid} 1\n` },
      );
      const lines = text.trim().split('\n');
      expect(lines.map((line) => line.trim().split(/\s+/))).to.deep.equal([
        ['7', `${uid}`, '1'],
        ['8', `${gid}`, '1'],
      ]);
    });

    it(`places the child in a cgroup, by ${name}`, async function () {
      requiresIn(this, 'root', 'cgroup-v2');
      const cgroup = openSync(cgroup2(), 'r');
      const options = { features: native.features() & mask, group: { cgroup, limits: [] } };
      const child = started(await launchPlan(native, plainPlan({ argv: ['/bin/sleep', '600'] }), options));
      closeSync(cgroup);
      expect(readFileSync(`/proc/${child.pid}/cgroup`, 'utf8')).to.match(/^0::\/$/m);
      native.kill(child, 9);
      await native.wait(child);
    });
  }

  it('moves no process into a cgroup when it cannot tell which is its child', async function () {
    requiresIn(this, 'root', 'cgroup-v2');
    const cgroup = mkdtempSync(join(cgroup2(), 'orlop-test-'));
    try {
      const { argv, env } = program(
        `const fs = require('node:fs');
         const options = { features: native.features() & ~(1 << 5), group: { cgroup: fs.openSync(process.env.CGROUP), limits: [] } };
         const refused = await start('some', options).catch((error) => error);
         console.log(refused.code, fs.readFileSync(process.env.CGROUP + '/cgroup.procs', 'utf8').trim());`,
        { some: plainPlan({ argv: ['/bin/true'] }) },
        { env: { CGROUP: cgroup } },
      );
      const hidden = ['--mount', '--propagation', 'private', 'sh', '-ec', 'mount -t tmpfs none /proc; exec "$@"', 'sh'];
      const run = spawnSync('unshare', [...hidden, process.execPath, ...argv], { env, encoding: 'utf8' });
      expect(run.stdout, run.stderr).to.equal('ESRCH \n');
    } finally {
      rmdirSync(cgroup);
    }
  });

  it('rejects when there is no memory for the stack of a child, and starts the next one when there is', async () => {
    const library = join(folder(), 'no-stack.so');
    execFileSync('gcc', ['-shared', '-fPIC', '-x', 'c', '-o', library, '-', '-ldl'], { input: firstStackFails });
    const { stdout } = await runProgram(
      `const error = await start('some').catch((error) => error);
       const { process: child } = await start('some');
       console.log(error.code, (await native.wait(child)).code);`,
      { some: plainPlan({ argv: ['/bin/sh', '-c', 'exit 3'] }) },
      { env: { LD_PRELOAD: library } },
    );
    expect(stdout).to.equal('ENOMEM 3\n');
  });

  it('rejects with the call that failed when the kernel refuses an id map, and leaves no child', async () => {
    const children = newChildren();
    const plan = plainPlan({ argv: ['/bin/true'], namespaces: ['user'] });
    const error = await rejection(launchPlan(native, plan, { uidMap: 'nonsense', gidMap: '' }));
    expect(error).to.include({ code: 'EINVAL', errno: -22, syscall: 'write' });
    expect(error)
      .to.have.property('path')
      .that.matches(/^\/proc\/\d+\/uid_map$/);
    expect(children()).to.deep.equal([]);
  });

  it('reports the operation, the call and the errno of a refused start', async () => {
    const children = newChildren();
    const { process: none, failure, died } = await start(native, { argv: ['/no/such/program'] });
    expect([none, died]).to.deep.equal([null, null]);
    expect(failure).to.include({ step: ops.exec.code, op: 6, code: 'ENOENT', errno: 2 });
    expect(failure?.syscall).to.match(/^[a-z]+[0-9]?$/);
    expect(children()).to.deep.equal([]);
  });

  it('gives the time of every step, in order', async () => {
    const { times, process: child } = await start(native, {
      argv: ['/bin/true'],
      steps: [{ op: 'umask', mask: 0o22 }],
    });
    expect(child).not.to.equal(null);
    const ends = [...times.ops];
    expect(ends.pop(), 'exec has no end of its own').to.equal(0);
    const all = [times.called, times.cloned, ...ends, times.returned];
    expect(all, 'seven operations before exec').to.have.length(2 + 1 + 7 + 1);
    expect(all).to.deep.equal([...all].sort((a, b) => a - b));
    expect(all[0]).to.be.greaterThan(0);
  });

  it('rejects descriptors that do not fit the plan, before it clones', async () => {
    const prepared = prepare(native, plainPlan({ argv: ['/bin/true'], supplied: ['stdin'] }));
    expect(await rejection(launchPrepared(native, prepared))).to.be.instanceOf(TypeError);
    expect(await rejection(launchPrepared(native, prepared, { descriptors: [0, 0] }))).to.be.instanceOf(TypeError);
    const unknown = launchPrepared(native, prepared, { descriptors: [99999] });
    expect(await rejection(unknown)).to.include({ code: 'EBADF' });
  });

  it('rejects without options, and without a token', async () => {
    const prepared = prepare(native, plainPlan({ argv: ['/bin/true'] }));
    const options = { values: [], descriptors: [] };
    for (const wrong of [
      [undefined, {}],
      [options, undefined],
      [{ values: [] }, {}],
      [{ ...options, taken: 1 }, {}],
      [{ ...options, onExit: 1 }, {}],
    ]) {
      const launching = native.launch(prepared, ...(wrong as [typeof options, object]));
      expect(await rejection(launching), JSON.stringify(wrong)).to.be.instanceOf(TypeError);
    }
  });
});

describe('the container of a launch', () => {
  requires('addon');
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory(), ...names);
  const native = loadNative;

  const launch = (options: PlanLaunch) => launchPlan(native(), plainPlan({ argv: ['/bin/true'] }), options);

  function stateAt(path: string, durable = false): RunningState {
    return { path, head: '{"a":1,', tail: ',"b":2}', durable };
  }

  it('is recorded by the thread that makes it, after the changes that make the container', async () => {
    for (const durable of [false, true]) {
      const made = at(`durable-${durable}`);
      const running = stateAt(join(made, 'state.json'), durable);
      const process = started(await launch({ created: [['mkdir', made, 0o700]], create: true, running }));
      const { pid, startTime } = process;
      expect(JSON.parse(readFileSync(running.path, 'utf8'))).to.deep.equal({ a: 1, pid, startTime, b: 2 });
      await native().wait(process);
    }
  });

  it('is at no moment without its record, where it has one already', async () => {
    const running = stateAt(at('state.json'));
    writeFileSync(running.path, '{}');
    const names = await nameChanges(directory(), async () => native().wait(started(await launch({ running }))));
    expect(names.filter((name) => name === 'state.json')).to.have.length(1);
    expect(JSON.parse(readFileSync(running.path, 'utf8'))).to.include({ a: 1, b: 2 });
  });

  it('is made only where that is asked for', async () => {
    const created: Change[] = [['mkdir', at('made'), 0o700]];
    for (const create of [undefined, false]) await native().wait(started(await launch({ created, create })));
    expect(existsSync(at('made'))).to.equal(false);
  });

  it('is not started when a change cannot be made', async () => {
    const created: Change[] = [['mkdir', at('no', 'where'), 0o700]];
    const error = await rejection(launch({ created, create: true, running: stateAt(at('state.json')) }));
    expect(error).to.include({ code: 'ENOENT', syscall: 'mkdir' });
    expect(existsSync(at('state.json'))).to.equal(false);
  });

  it('is ended again when it cannot be recorded', async () => {
    const children = newChildren();
    for (const durable of [false, true]) {
      const running = stateAt(at('nowhere', 'state.json'), durable);
      const error = await rejection(launchPlan(native(), plainPlan({ argv: ['/bin/sleep', '600'] }), { running }));
      expect(error).to.include({ code: 'ENOENT', syscall: 'open' });
    }
    expect(children()).to.deep.equal([]);
  });
});

async function rejection(pending: Promise<unknown>): Promise<unknown> {
  return pending.then(
    () => 'it was not rejected',
    (error) => error,
  );
}
