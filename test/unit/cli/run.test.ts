import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import type { StartOptions } from '../../../ts/api/types.ts';
import { LaunchError, RequestError } from '../../../ts/errors/index.ts';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import { buildPlan } from '../../../ts/plan/build.ts';
import type { RunRequest } from '../../../ts/request/types.ts';
import { makeFacts, makeProcess } from '../../support/facts.ts';
import { fakeContainer, orlop } from '../../support/fake-orlop.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';

const ended = { exitCode: 0, signal: null };

/** The request that a command line hands on. */
async function requested(argv: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr, calls } = await orlop(argv, {
    env,
    library: { createRequested: () => fakeContainer(ended), planRequested: () => ({ plan: {}, text: 'x' }) },
  });
  expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
  const call = calls.find(([name]) => name === 'createRequested' || name === 'planRequested') ?? [];
  const [, request, options] = call as [string, RunRequest, { durable: boolean }?];
  return { request, durable: options?.durable, stdout };
}

describe('orlop run', () => {
  it('prints nothing of its own and ends as the application ends', async () => {
    const container = fakeContainer({ exitCode: 7, signal: null });
    const result = await orlop(['run', 'host', 'false'], { library: { createRequested: () => container } });
    expect(result).to.deep.include({ status: 7, stdout: '', stderr: '' });
    expect(result.calls.map(([name]) => name)).to.deep.equal(['open', 'createRequested', 'close']);
  });

  for (const [argv, image, command] of [
    [['host'], 'host', []],
    [['host', 'ls', '-la', '--help', '-v', '--rm=x'], 'host', ['ls', '-la', '--help', '-v', '--rm=x']],
    [['host', '--', 'x'], 'host', ['--', 'x']],
    [['--', 'host', '-x'], 'host', ['-x']],
    [['-v', 'a:/x', 'host', 'sh', '-c', 'a b'], 'host', ['sh', '-c', 'a b']],
    [['--name', '--', 'host'].slice(1), 'host', []],
    [['-i=true', 'debian:trixie', ''], 'debian:trixie', ['']],
  ] as const) {
    it(`ends its options at the image: ${argv.join(' ')}`, async () => {
      const { request } = await requested(['run', ...argv]);
      expect([request.image, request.argv]).to.deep.equal([image, command]);
    });
  }

  it('passes every option on', async () => {
    const { request } = await requested(
      (
        'run -v a:/x -v=/y --volume /z --volume=/w --tmpfs /t --rm --name web -i -e A=1 -e=B=2 -eC=3 --env HOME ' +
        '--env NOT -w /x -u 1:2 -h web --entrypoint sh --read-only --network host --add-host db:10.0.0.7 --dns 192.0.2.53 --dns-search a.b ' +
        '--dns-option ndots:2 --dns-opt rotate --group-add 44 --group-add audio --cap-add net_raw --cap-drop kill ' +
        '--security-opt seccomp=unconfined --ulimit core=0 --sysctl kernel.sem=1 --oom-score-adj -5 --shm-size 1m ' +
        '--stop-signal RTMIN+1 --stop-timeout 7 --userns 1000:2000:3 --isolation user --pid host --cgroupns host ' +
        '-l a=b --label c --device /dev/fuse:r --device=/dev/kvm host'
      ).split(' '),
      { HOME: '/root' },
    );
    const attributes = attribute.nosuid | attribute.nodev;
    const unsized = { size: null, inodes: null, mode: null, uid: 0, gid: 0 };
    expect(request).to.deep.equal({
      image: 'host',
      argv: [],
      mounts: [
        { type: 'volume', name: 'a', target: '/x', attributes, nocopy: false },
        { type: 'volume', name: null, target: '/y', attributes, nocopy: false },
        { type: 'volume', name: null, target: '/z', attributes, nocopy: false },
        { type: 'volume', name: null, target: '/w', attributes, nocopy: false },
      ],
      tmpfs: [{ type: 'tmpfs', target: '/t', attributes: attributes | attribute.noexec, ...unsized }],
      rm: true,
      name: 'web',
      interactive: true,
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
        { name: 'C', value: '3' },
        { name: 'HOME', value: '/root' },
        { name: 'NOT', value: null },
      ],
      workdir: '/x',
      user: '1:2',
      hostname: 'web',
      entrypoint: ['sh'],
      readOnly: true,
      network: 'host',
      extraHosts: [{ name: 'db', address: '10.0.0.7' }],
      dns: { servers: ['192.0.2.53'], search: ['a.b'], options: ['ndots:2', 'rotate'] },
      groupAdd: ['44', 'audio'],
      pid: 'host',
      cgroupns: 'host',
      capabilities: { add: ['CAP_NET_RAW'], drop: ['CAP_KILL'] },
      security: { noNewPrivileges: true, seccomp: 'unconfined', systemPaths: 'own' },
      ulimits: [{ name: 'core', soft: 0, hard: 0 }],
      limits: {},
      sysctls: [{ name: 'kernel.sem', value: '1' }],
      oomScoreAdj: -5,
      shmSize: 1024 * 1024,
      stopSignal: 35,
      stopTimeout: 7,
      userns: { first: { user: 1000, group: 2000 }, size: 3 },
      devices: [
        { host: '/dev/fuse', container: '/dev/fuse', permissions: 'r' },
        { host: '/dev/kvm', container: '/dev/kvm', permissions: 'rwm' },
      ],
      deviceRules: [],
      privileged: false,
      isolation: ['user'],
      labels: { a: 'b', c: '' },
    });
  });

  it('adds to the floor of isolation with each option, so that none is taken back', async () => {
    for (const command of ['run', 'create', 'plan']) {
      const words = [command, '--isolation', 'user', '--isolation=process', '--isolation', 'default', 'host', 'true'];
      expect((await requested(words)).request.isolation, command).to.deep.equal(['process', 'user']);
    }
    const { calls } = await orlop(['start', '-a', '--isolation', 'user', '--isolation', 'ids', 'web']);
    expect(calls[0]?.[1]).to.include({ isolation: 'user,ids' });
  });

  for (const [argv, rm] of [
    [[], false],
    [['--rm'], true],
    [['--rm=true'], true],
    [['--rm=1'], true],
    [['--rm=false'], false],
    [['--rm', '--rm=false'], false],
    [['--rm=false', '--rm'], true],
  ] as const) {
    it(`reads flags as Docker does: '${argv.join(' ')}' is ${rm}`, async () => {
      const { request, durable } = await requested(['run', ...argv, 'host']);
      expect({ rm: request.rm, durable }).to.deep.equal({ rm, durable: !rm });
    });
  }

  it('does not take the value of an option for a flag or for the image', async () => {
    const { request } = await requested(['run', '-ie', '--rm=false', '--entrypoint', 'host', 'debian', '--rm']);
    expect(request).to.deep.include({
      image: 'debian',
      argv: ['--rm'],
      rm: false,
      env: [{ name: '--rm', value: 'false' }],
      entrypoint: ['host'],
    });
  });

  it('gives the application its streams by descriptor, and standard input only with -i', async () => {
    const started: (StartOptions | undefined)[] = [];
    const container = {
      ...fakeContainer(ended),
      start: (options?: StartOptions) => {
        started.push(options);
        return fakeContainer(ended).start(options);
      },
    };
    await orlop(['run', 'host'], { library: { createRequested: () => container } });
    await orlop(['run', '-i', 'host'], { library: { createRequested: () => container } });
    expect(started.map((options) => [options?.stdin, options?.stdout, options?.stderr])).to.deep.equal([
      ['ignore', 'inherit', 'inherit'],
      ['inherit', 'inherit', 'inherit'],
    ]);
  });

  it('stands between the application and a terminal or a file of the caller', async () => {
    const streams = async (argv: readonly string[], files: Readonly<Record<number, string>>) => {
      let given: StartOptions | undefined;
      const container = {
        ...fakeContainer(ended),
        start: (options?: StartOptions) => {
          given = options;
          return fakeContainer(ended).start(options);
        },
      };
      await orlop(argv, { files, library: { createRequested: () => container } });
      return [given?.stdin, given?.stdout, given?.stderr];
    };
    const terminal = { 0: 'tty', 1: 'tty', 2: 'tty' };
    expect(await streams(['run', 'host'], terminal)).to.deep.equal(['ignore', 101, 'stdout']);
    expect(await streams(['run', '-i', 'host'], terminal)).to.deep.equal(['pipe', 101, 'stdout']);
    expect(await streams(['run', 'host'], { 1: 'a', 2: 'b' })).to.deep.equal(['ignore', 101, 102]);
    expect(await streams(['run', '-i', 'host'], { 1: 'a' })).to.deep.equal(['inherit', 101, 'inherit']);
    expect(await streams(['run', 'host'], { 2: 'b' })).to.deep.equal(['ignore', 'inherit', 102]);
  });

  it('passes on what goes through the pipes', async () => {
    const input: Buffer[] = [];
    const stdin = new PassThrough();
    stdin.on('data', (chunk: Buffer) => input.push(chunk));
    const container = {
      ...fakeContainer(ended),
      start: async (options?: StartOptions) => ({ ...(await fakeContainer(ended).start(options)), stdin }),
    };
    const files = { 0: 'a', 1: 'b', 2: 'c' };
    const { calls } = await orlop(['run', '-i', 'host'], {
      files,
      input: 'given',
      library: { createRequested: () => container },
    });
    expect(calls.filter(([name]) => name === 'outlet')).to.deep.equal([
      ['outlet', 1],
      ['outlet', 2],
    ]);
    await until('the input to arrive', () => Buffer.concat(input).toString() === 'given');
  });

  for (const [code, message] of [
    ['EPIPE', ''],
    ['ENOSPC', 'orlop: ENOSPC: no space left on device, write\n'],
    ['EMFILE', 'orlop: EMFILE: no space left on device, write\nhint: raise the limit of open files (ulimit -n)\n'],
  ] as const) {
    it(`tells of ${code} in the output when the application has ended`, async () => {
      const error = Object.assign(new Error(`${code}: no space left on device, write`), { code, syscall: 'write' });
      const passedOn = Promise.reject(error);
      passedOn.catch(() => {});
      const create = () => fakeContainer({ exitCode: 3, signal: null });
      const result = await orlop(['run', 'host'], {
        files: { 1: 'b' },
        passedOn,
        library: { createRequested: create },
      });
      expect(result).to.deep.include({ status: code === 'EPIPE' ? 141 : 125, stdout: '', stderr: message });
    });
  }

  it("says that Node's permission model is what forbids, and calls it no mistake of its own", async () => {
    const create = () => {
      throw Object.assign(new Error('Access to this API has been restricted'), { code: 'ERR_ACCESS_DENIED' });
    };
    const { status, stderr } = await orlop(['run', 'host'], { library: { createRequested: create } });
    expect(status).to.equal(125);
    expect(stderr).to.match(/^orlop: Access to this API has been restricted\nhint: .*--permission\n$/);
  });

  it('closes what it opened for the streams of a container that is not started', async () => {
    const container = {
      ...fakeContainer(ended),
      start: async () => {
        throw new RequestError('ORLOP_E_INPUT', 'no');
      },
    };
    const { calls } = await orlop(['run', 'host'], {
      files: { 1: 'b', 2: 'c' },
      library: { createRequested: () => container },
    });
    expect(calls.filter(([name]) => name === 'abandon' || name === 'outlet')).to.deep.equal([
      ['abandon', 1],
      ['abandon', 2],
    ]);
  });

  it('reports a refused start once, with its hint and its exit status, and leaves no container', async () => {
    const removed: unknown[] = [];
    const container = {
      ...fakeContainer(ended),
      remove: async (options?: unknown) => {
        removed.push(options);
      },
      start: async () => {
        throw new LaunchError(`ENOENT: no such file or directory, execve 'nope'`, {
          code: 'ENOENT',
          errno: -2,
          syscall: 'execve',
          step: 'exec',
          hint: 'it is not in $PATH',
          exitCode: 127,
        });
      },
    };
    expect(await orlop(['run', 'host', 'nope'], { library: { createRequested: () => container } })).to.deep.include({
      status: 127,
      stdout: '',
      stderr: `orlop: ENOENT: no such file or directory, execve 'nope'\nhint: it is not in $PATH\n`,
    });
    expect(removed).to.deep.equal([{ force: true, volumes: true }]);
  });

  it('does not let a name in an error steer the terminal', async () => {
    const create = () => {
      throw new RequestError('ORLOP_E_NO_IMAGE', 'no \u001b[2J\u009b1m\r\nimage \u202etxt', {
        hint: 'im\u001b]0;x\u0007port',
      });
    };
    const { stderr } = await orlop(['run', 'x'], { library: { createRequested: create } });
    expect(stderr).to.equal(
      'orlop: no \\u001b[2J\\u009b1m\\u000d\\u000aimage \\u202etxt\nhint: im\\u001b]0;x\\u0007port\n',
    );
  });

  it('reports what the library refuses with 125', async () => {
    const create = () => {
      throw new RequestError('ORLOP_E_NO_IMAGE', `there is no image 'x:latest'`, { hint: 'import it' });
    };
    const { status, stderr } = await orlop(['run', 'x'], { library: { createRequested: create } });
    expect({ status, stderr }).to.deep.equal({
      status: 125,
      stderr: `orlop: there is no image 'x:latest'\nhint: import it\n`,
    });
  });
});

describe('files that orlop run names', () => {
  const directory = temporaryDirectory();

  it('are read for variables, which -e overrides', async () => {
    const [one, two] = [join(directory(), 'one'), join(directory(), 'two')];
    writeFileSync(one, 'A=1\nB=1\n');
    writeFileSync(two, 'B=2\nHOME\nNOT\n');
    const argv = ['run', '-e', 'A=3', '--env-file', one, '--env-file', two, 'host'];
    expect((await requested(argv, { HOME: '/root' })).request.env).to.deep.equal([
      { name: 'A', value: '3' },
      { name: 'B', value: '2' },
      { name: 'HOME', value: '/root' },
    ]);
  });

  it('are refused when they are not text', async () => {
    const file = join(directory(), 'binary');
    writeFileSync(file, Buffer.from([0x41, 0x3d, 0xff]));
    const { status, stderr, calls } = await orlop(['run', '--env-file', file, 'host']);
    expect({ status, calls }).to.deep.equal({ status: 125, calls: [] });
    expect(stderr).to.equal(`orlop: '${file}' is not text in UTF-8\n`);
  });

  it('are read for labels, which -l overrides', async () => {
    const file = join(directory(), 'labels');
    writeFileSync(file, '# of the job\njob=7\n\n  kind = test \nflag\r\n');
    const { request } = await requested(['create', '-l', 'job=8', '--label-file', file, 'host']);
    expect(request.labels).to.deep.equal({ job: '8', 'kind ': ' test', flag: '' });
    const { status, stderr } = await orlop(['run', '--label-file', `${file}s`, 'host']);
    expect(status).to.equal(125);
    expect(stderr).to.contain(`the file of labels '${file}s' cannot be read`);
  });

  for (const command of ['run', 'create']) {
    it(`take the ID of the container of ${command}, and are not overwritten`, async () => {
      const file = join(directory(), 'id');
      const argv = [command, '--cidfile', file, 'host'];
      await requested(argv);
      expect(readFileSync(file, 'utf8')).to.equal('ab'.repeat(32));
      const { status, stderr, calls } = await orlop(argv);
      expect({ status, calls }).to.deep.equal({ status: 125, calls: [] });
      expect(stderr).to.match(/^orlop: the file '.*' is there already\nhint: .*remove the file/);
    });

    it(`are gone when ${command} has made no container`, async () => {
      const file = join(directory(), 'id');
      const refuse = () => Promise.reject(new RequestError('ORLOP_E_NO_IMAGE', 'there is no image'));
      const library = { createRequested: refuse };
      expect((await orlop([command, '--cidfile', file, 'host'], { library })).status).to.equal(125);
      expect(existsSync(file)).to.equal(false);
    });
  }

  it('take the trace of the start as JSON', async () => {
    const file = join(directory(), 'trace.json');
    const { status } = await orlop(['run', '--trace', file, 'host'], {
      library: { createRequested: () => fakeContainer({ exitCode: 3, signal: null }) },
    });
    expect(status).to.equal(3);
    expect(JSON.parse(readFileSync(file, 'utf8'))).to.deep.equal({
      traceEvents: [],
      displayTimeUnit: 'ns',
      otherData: {},
    });
  });

  it('are opened before anything is made', async () => {
    const { status, calls } = await orlop(['run', '--trace', '/nonexistent/x', 'host']);
    expect({ status, calls }).to.deep.equal({ status: 125, calls: [] });
  });
});

describe('orlop create and orlop plan', () => {
  it('take the options of run', async () => {
    const argv = ['-v', '/x', '-e', 'A=1', 'host', 'ls', '-l'];
    const run = await requested(['run', ...argv]);
    const create = await requested(['create', ...argv]);
    expect(create.stdout).to.equal(`${'ab'.repeat(32)}\n`);
    const plan = await requested(['plan', ...argv]);
    expect(plan.stdout).to.equal('x\n');
    for (const { request } of [create, plan]) expect(request).to.deep.equal(run.request);
  });

  it('make a durable container, with --rm too', async () => {
    for (const argv of [[], ['--rm']]) {
      const { request, durable } = await requested(['create', ...argv, 'host']);
      expect({ rm: request.rm, durable }).to.deep.equal({ rm: argv.length > 0, durable: true });
    }
  });

  it('print a plan as JSON: 64-bit numbers as text, bytes as base64', async () => {
    const plan = buildPlan(makeFacts({ process: makeProcess({ seccomp: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]) }) }));
    const { stdout } = await orlop(['plan', '--format', 'json', 'host'], {
      library: { planRequested: () => ({ plan, limits: [{ file: 'pids.max', value: '3' }], text: 'x' }) },
    });
    const ops: Record<string, unknown>[] = JSON.parse(stdout).prepare.concat(JSON.parse(stdout).enter);
    expect(ops.map(({ op }) => op)).to.deep.equal([...plan.prepare, ...plan.enter].map(({ op }) => op));
    expect(ops.find(({ op }) => op === 'tmpfs')?.size).to.match(/^\d+$/);
    expect(ops.find(({ op }) => op === 'seccomp')?.program).to.equal('AQIDBAUGBwg=');
    expect(JSON.parse(stdout).limits).to.deep.equal([{ file: 'pids.max', value: '3' }]);
  });
});
