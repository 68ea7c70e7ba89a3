import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { LaunchError } from '../../../ts/errors/index.ts';
import {
  type Container,
  type ContainerSummary,
  type CreateOptions,
  Orlop,
  type RunInput,
  type RunOptions,
  type StartOptions,
} from '../../../ts/index.ts';
import { loadNative } from '../../../ts/native/binding.ts';
import { tryLock } from '../../../ts/store/lock.ts';
import { counts, ownDescriptors, storeContent, untilNoMoreDescriptors } from '../../support/facts-of-life.ts';
import { commitMarked, withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';
import { unexplained } from '../../support/timings.ts';

type Result = Awaited<ReturnType<Orlop['run']>>;

const stepsOf = ({ timings }: Pick<Result, 'timings'>): string[] => timings.steps.map(({ step }) => step);

/** Whether it went by what was found out for one before it. */
const isAgain = (result: Pick<Result, 'timings'>): boolean => {
  const steps = stepsOf(result);
  return !['image', 'user', 'sources', 'settings', 'refused'].some((step) => steps.includes(step));
};

/** The path of a new directory with a file `f` in it, as the source of a volume. */
function directoryIn(parent: string, name: string, content: string): string {
  const path = join(parent, name);
  mkdirSync(path);
  writeFileSync(join(path, 'f'), content);
  return path;
}

describe('a run that has been made before', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  const run = (script: string, options: RunOptions & RunInput = {}, image = 'busybox') =>
    fixture().orlop.run(image, ['sh', '-c', script], options);

  /** Runs twice: the first prepares the start, and the second reuses it. */
  async function again(script: string, options: RunOptions & RunInput = {}, image?: string): Promise<Result> {
    await run(script, options, image);
    const result = await run(script, options, image);
    expect(isAgain(result), stepsOf(result).join(' ')).to.equal(true);
    return result;
  }

  /** Another program on the same store. */
  async function otherwise(use: (other: Orlop) => Promise<void>): Promise<void> {
    const { root, run } = fixture();
    await using other = await Orlop.open({ root, run });
    await use(other);
  }

  const directory = (name: string, content: string) => directoryIn(fixture().directory, name, content);

  it('gives what the first gave, in a container of its own', async () => {
    const script = 'echo $HOSTNAME; hostname; echo $A; echo x > /left; ls /left /volume; echo no >&2; exit 3';
    const options = { env: ['A=b'], volumes: [`${directory('same', '')}:/volume`] };
    const first = await run(script, options);
    const second = await again(script, options);
    const digits = second.container.id.slice(0, 12);
    expect(second.stdout).to.equal(`${digits}\n${digits}\nb\n/left\n\n/volume:\nf\n`);
    expect(second).to.include({ exitCode: 3, signal: null, stderr: 'no\n' });
    expect(second.container.id).not.to.equal(first.container.id);
    expect(second.container.name).to.match(new RegExp(`_${digits.slice(0, 6)}$`));
  });

  /** Does something while a run reuses the prepared start of another. */
  async function whileItRuns(name: string, options: RunOptions, use: () => Promise<() => unknown>): Promise<Result> {
    const gate = directory(name, '');
    const open = join(gate, 'open');
    const script = 'while [ ! -e /gate/open ]; do sleep 0.01; done; rm /gate/open';
    const all = { ...options, volumes: [`${gate}:/gate`] };
    writeFileSync(open, '');
    await run(script, all);
    const ran = run(script, all);
    const check = await use();
    writeFileSync(open, '');
    const result = await ran;
    await check();
    expect(isAgain(result)).to.equal(true);
    return result;
  }

  it('is on record while it runs, under its own name, and gone with its end', async () => {
    const { orlop, run: runDirectory } = fixture();
    let found: ContainerSummary | undefined;
    const result = await whileItRuns('gate', { network: 'host' }, async () => {
      found = await until('the container', async () => (await orlop.containers.list()).items[0]);
      const { id, name } = found;
      const read = (file: string) => JSON.parse(readFileSync(join(runDirectory, 'containers', id, file), 'utf8'));
      const [record, state] = [read('config.json'), read('state.json')];
      expect(record).to.include({ id, name, layer: id });
      expect(Math.abs(Date.now() - Date.parse(record.created))).to.be.below(60_000);
      expect(Date.parse(state.startedAt)).to.be.at.least(Date.parse(record.created));
      const container = await orlop.container(name);
      const waited = container.wait();
      // Who waits reads the record first, which takes as long as this.
      for (let time = 0; time < 2; time++) await container.inspect();
      return async () => expect(await waited).to.deep.equal({ exitCode: 0, signal: null });
    });
    expect(result.container).to.deep.equal({ id: found?.id, name: found?.name });
    expect((await orlop.containers.list({ all: true })).items).to.deep.equal([]);
  });

  it('explains its times as any other does', async () => {
    const result = await until('a run with a root filesystem that was prefetched', async () => {
      const result = await again('true');
      return stepsOf(result).includes('overlay') ? undefined : result;
    });
    expect(result.timings.steps[0]).to.include({ phase: 'create', step: 'request', startUs: 0 });
    expect(unexplained(result.timings.steps)).to.deep.equal([]);
    expect(stepsOf(result)).to.include.members(['call', 'root', 'pivot', 'exec']);
  });

  it('is one of another command in another environment too', async () => {
    const { orlop } = fixture();
    await run('true');
    const result = await orlop.run('busybox', ['env'], { env: { PATH: '/usr/bin:/bin', A: 'x\n"y"', B: '' } });
    expect(isAgain(result)).to.equal(true);
    expect(result.stdout.split('\n').sort()).to.deep.equal(
      [
        '',
        'A=x',
        '"y"',
        'B=',
        'HOME=/root',
        `HOSTNAME=${result.container.id.slice(0, 12)}`,
        'PATH=/usr/bin:/bin',
      ].sort(),
    );
    const missing = await orlop.run('busybox', ['/bin/none']).catch((error: unknown) => error);
    expect(missing).to.be.instanceOf(LaunchError).and.to.include({ code: 'ENOENT', path: '/bin/none', exitCode: 127 });
    expect(isAgain(await run('true'))).to.equal(true);
  });

  it('has its own command and environment on record, word by word', async () => {
    const { orlop, run: runDirectory } = fixture();
    const words = ['\\u0000', '\\', '"', '$&', 'a\nb', 'ü\u{1f6a2}', ''];
    const env = [`A=${words.join('|')}`];
    for (let time = 0; time < 3; time++) {
      const container = await orlop.create('busybox', ['sh', '-c', 'read line', ...words], { rm: true, env });
      const running = await container.start({ stdin: 'pipe' });
      const record = JSON.parse(readFileSync(join(runDirectory, 'containers', container.id, 'config.json'), 'utf8'));
      expect(record.request).to.deep.include({
        argv: ['sh', '-c', 'read line', ...words],
        env: [{ name: 'A', value: words.join('|') }],
      });
      expect(record.process.argv).to.deep.equal(record.request.argv);
      expect(record.process.env).to.include.members([...env, `HOSTNAME=${container.id.slice(0, 12)}`]);
      const given = (file: string) => readFileSync(`/proc/${running.pid}/${file}`, 'utf8').split('\0').slice(0, -1);
      // The start is over when the kernel has closed the descriptors, a moment before it says what is executed.
      const cmdline = await until('what is executed', () => (given('cmdline').length > 0 ? given('cmdline') : null));
      expect(cmdline).to.deep.equal(record.process.argv);
      expect(given('environ')).to.have.members(record.process.env);
      running.stdin?.end('\n');
      await running.exited;
    }
  });

  it('makes volumes, takes a name, and stays on record, as the first did', async () => {
    const { orlop } = fixture();
    const options = { name: 'one', rm: false, volumes: ['kept:/kept'] };
    for (let time = 0; time < 3; time++) {
      const result = await run('echo x >> /kept/f; cat /kept/f', options);
      expect(result.stdout).to.equal('x\n'.repeat(time + 1));
      expect(isAgain(result)).to.equal(time > 0);
      expect(await refusal(run('true', options))).to.include({ code: 'ORLOP_E_CONTAINER_NAME' });
      const container = await orlop.container('one');
      expect(await container.summary()).to.include({ id: result.container.id, status: 'exited' });
      await container.remove();
    }
    await orlop.volumes.remove('kept');
    // Made anew: the directory is another one.
    expect((await run('ls /kept', options)).stdout).to.equal('');
    await (await orlop.container('one')).remove();
    await orlop.volumes.remove('kept');
  });

  it('has an anonymous volume of its own', async () => {
    const { orlop } = fixture();
    const seen = new Set<string>();
    for (let time = 0; time < 3; time++) {
      const { stdout } = await run('ls /own; touch /own/f; grep " /own " /proc/self/mountinfo | cut -d " " -f 4', {
        volumes: ['/own'],
      });
      seen.add(stdout);
    }
    expect(seen.size).to.equal(3);
    for (const one of seen) expect(one).to.match(/^\S*\/volumes\/\w{64}\/_data\n$/);
    expect((await orlop.volumes.list()).items).to.deep.equal([]);
  });

  it('takes the image that has the name by then', async () => {
    const { orlop } = fixture();
    await commitMarked(orlop, 'second:1');
    await orlop.images.tag('busybox', 'moving:1');
    const look = 'cat /mark 2>/dev/null || echo none';
    expect((await again(look, {}, 'moving:1')).stdout).to.equal('none\n');
    await otherwise((other) => other.images.tag('second:1', 'moving:1'));
    expect((await run(look, {}, 'moving:1')).stdout).to.equal('marked\n');
    expect((await again(look, {}, 'moving:1')).stdout).to.equal('marked\n');
    await otherwise(async (other) => void (await other.images.remove('moving:1')));
    expect(await refusal(run(look, {}, 'moving:1'))).to.include({ code: 'ORLOP_E_NO_IMAGE' });
    await orlop.images.remove('second:1');
  });

  it('waits for those who are changing images', async () => {
    await again('echo done');
    const { orlop, run: runDirectory } = fixture();
    const lock = tryLock(loadNative(), join(runDirectory, 'locks', 'image', 'records.lock'), 'exclusive');
    const ran = run('echo done');
    // Long enough for a container to be there.
    await otherwise(async () => {});
    expect((await orlop.containers.list({ all: true })).items).to.deep.equal([]);
    await lock?.release();
    expect((await ran).stdout).to.equal('done\n');
    expect([lock === null, isAgain(await ran)]).to.deep.equal([false, false]);
  });

  it('lets others change images while it runs', async () => {
    const { orlop } = fixture();
    await whileItRuns('meanwhile', {}, async () => {
      await until('the container', async () => (await orlop.containers.list()).items[0]);
      // Not this program, which drops its prefetched mounts when it removes a name.
      await otherwise(async (other) => {
        await other.images.tag('busybox', 'meanwhile:1');
        expect((await other.images.remove('meanwhile:1')).untagged).to.deep.equal(['meanwhile:1']);
      });
      return () => {};
    });
  });

  it('gets what stands at the source by then', async () => {
    const source = directory('replaced', 'old');
    const options = { volumes: [`${source}:/v`] };
    expect((await again('cat /v/f', options)).stdout).to.equal('old');
    const other = directory('other', 'new');
    renameSync(source, `${source}.old`);
    renameSync(other, source);
    expect((await run('cat /v/f', options)).stdout).to.equal('new');
    expect((await again('cat /v/f', options)).stdout).to.equal('new');
    renameSync(source, `${source}.new`);
    expect(await refusal(run('cat /v/f', options))).to.include({ code: 'ORLOP_E_SOURCE' });
    mkdirSync(source);
    expect((await run('ls /v', options)).stdout).to.equal('');
    rmdirSync(source);
  });

  it('gets the files of /etc that the host has by then', async () => {
    const options = { network: 'host' };
    expect((await again('cat /etc/hosts', options)).stdout).to.equal(readFileSync('/etc/hosts', 'utf8'));
    // In the mount namespace of the test alone.
    const hosts = join(fixture().directory, 'hosts');
    writeFileSync(hosts, '192.0.2.1 elsewhere\n');
    execFileSync('mount', ['--bind', hosts, '/etc/hosts']);
    try {
      expect((await run('cat /etc/hosts', options)).stdout).to.equal('192.0.2.1 elsewhere\n');
    } finally {
      execFileSync('umount', ['/etc/hosts']);
    }
  });

  it('is ended by its time-out, by its signal, and by what it writes', async () => {
    const { orlop } = fixture();
    const script = 'if [ -e /gate/stay ]; then sleep 1000; elif [ -e /gate/write ]; then yes; fi';
    const gate = directory('ways', '');
    const options = { volumes: [`${gate}:/gate`], maxBuffer: 100_000 };
    const ways = [
      ['stay', 'ORLOP_E_TIMEOUT', () => ({ timeout: 200 })],
      ['stay', 'ORLOP_E_ABORTED', () => ({ signal: AbortSignal.timeout(200) })],
      ['write', 'ORLOP_E_BUFFER', () => ({})],
    ] as const;
    for (const [name, code, more] of ways) {
      await again(script, options);
      writeFileSync(join(gate, name), '');
      expect(await refusal(run(script, { ...options, ...more() }))).to.include({ code });
      execFileSync('rm', [join(gate, name)]);
      expect((await orlop.containers.list({ all: true })).items).to.deep.equal([]);
    }
  });

  it('is one with another input, another limit of output and another time-out too', async () => {
    await again('cat');
    for (let more = 0; more < 5; more++) {
      const result = await run('cat', { input: `${more}`, maxBuffer: 1000 + more, timeout: 10_000 + more });
      expect([result.stdout, isAgain(result)]).to.deep.equal([`${more}`, true]);
    }
  });

  it('is one of many at once', async () => {
    await again('true');
    const results = await Promise.all(Array.from({ length: 40 }, () => run('echo $HOSTNAME')));
    for (const { stdout, container } of results) expect(stdout).to.equal(`${container.id.slice(0, 12)}\n`);
    expect(new Set(results.map(({ stdout }) => stdout)).size).to.equal(40);
    expect(results.every(isAgain)).to.equal(true);
  });

  it('leaves nothing', async () => {
    await again('true');
    await fixture().settle();
    const [store, descriptors] = [storeContent(fixture()), counts(ownDescriptors())];
    for (let round = 0; round < 3; round++) {
      await again('true');
      await fixture().settle();
    }
    expect(storeContent(fixture())).to.deep.equal(store);
    await untilNoMoreDescriptors(descriptors);
  });
});

describe('a start that is like one before', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  const create = (script: string, options: CreateOptions = {}) =>
    fixture().orlop.create('busybox', ['sh', '-c', script], { rm: true, ...options });

  async function outcome(container: Container, options: StartOptions = {}) {
    const running = await container.start(options);
    const [stdout, { exitCode }] = await Promise.all([
      running.stdout === null ? '' : text(running.stdout),
      running.exited,
    ]);
    return { stdout, exitCode, timings: running.timings };
  }

  /** Makes and starts two containers. The second reuses the prepared start of the first. */
  async function again(script: string, options: CreateOptions = {}, start: StartOptions = {}) {
    await outcome(await create(script, options), start);
    const container = await create(script, options);
    const result = await outcome(container, start);
    expect(isAgain(result), stepsOf(result).join(' ')).to.equal(true);
    return { ...result, container };
  }

  const directory = (name: string, content: string) => directoryIn(fixture().directory, name, content);

  it('has an ID, a record and streams of its own', async () => {
    const { stdout, exitCode, container, timings } = await again('hostname; cat /v/f; exit 4', {
      volumes: [`${directory('own', 'volume')}:/v`],
    });
    expect([stdout, exitCode]).to.deep.equal([`${container.id.slice(0, 12)}\nvolume`, 4]);
    expect(stepsOf({ timings })).to.include.members(['container', 'claim', 'root', 'pivot', 'exec']);
    const waiting = await create('read line; echo "$line"', {});
    for (let time = 0; time < 3; time++) await again('read line; echo "$line"', {}, { stdin: 'ignore' });
    const running = await waiting.start({ stdin: 'pipe' });
    expect(await waiting.summary()).to.include({ id: waiting.id, status: 'running', pid: running.pid });
    running.stdin?.end('said\n');
    expect(running.stdout === null ? null : await text(running.stdout)).to.equal('said\n');
    expect((await running.exited).exitCode).to.equal(0);
    expect((await fixture().orlop.containers.list({ all: true })).items).to.deep.equal([]);
  });

  it('can be talked to, from its third time on as well', async () => {
    const start = { stdin: 'pipe' } as const;
    const script = 'read line; echo "got $line"; echo no >&2';
    for (let round = 0; round < 5; round++) {
      const running = await (await create(script)).start(start);
      running.stdin?.end('it\n');
      const outputs = [running.stdout, running.stderr].map((one) => (one === null ? null : text(one)));
      expect(await Promise.all(outputs)).to.deep.equal(['got it\n', 'no\n']);
      await running.exited;
    }
  });

  it('gets what stands at the source, and in the files of /etc, by then', async () => {
    const source = directory('replaced', 'old');
    const options = { volumes: [`${source}:/v`], network: 'host' };
    await again('cat /v/f; cat /etc/hosts', options);
    const ready = [
      await create('cat /v/f; cat /etc/hosts', options),
      await create('cat /v/f; cat /etc/hosts', options),
    ];
    renameSync(source, `${source}.old`);
    renameSync(directory('other', 'new'), source);
    const [first, second] = ready;
    const host = readFileSync('/etc/hosts', 'utf8');
    expect((await outcome(first as Container)).stdout).to.equal(`new${host}`);
    await again('cat /v/f; cat /etc/hosts', options);
    const hosts = join(fixture().directory, 'hosts');
    writeFileSync(hosts, '192.0.2.1 elsewhere\n');
    execFileSync('mount', ['--bind', hosts, '/etc/hosts']);
    try {
      expect((await outcome(second as Container)).stdout).to.equal('new192.0.2.1 elsewhere\n');
      const third = await create('cat /v/f; cat /etc/hosts', options);
      expect((await outcome(third)).stdout).to.equal('new192.0.2.1 elsewhere\n');
    } finally {
      execFileSync('umount', ['/etc/hosts']);
    }
  });

  it('is refused, and ended, as any other', async () => {
    const gate = directory('gate', '');
    const options = { volumes: [`${gate}:/gate`] };
    await again('exec /gate/program', options).catch(() => {});
    writeFileSync(join(gate, 'program'), '#!/bin/sh\nexit 7\n', { mode: 0o755 });
    const direct = () => fixture().orlop.create('busybox', ['/gate/program'], { rm: true, ...options });
    for (let time = 0; time < 2; time++) {
      const result = await outcome(await direct());
      expect([result.exitCode, isAgain(result)]).to.deep.equal([7, true]);
    }
    const [one, other, last] = [await direct(), await direct(), await direct()];
    rmSync(join(gate, 'program'));
    const error = await one.start().catch((cause: unknown) => cause);
    expect(error).to.be.instanceOf(LaunchError).and.to.include({ code: 'ENOENT' });
    writeFileSync(join(gate, 'program'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
    const timed = await other.start({ timeout: 200 });
    expect((await timed.exited).signal).to.equal('SIGKILL');
    const aborted = AbortSignal.abort();
    expect(await refusal(last.start({ signal: aborted }))).to.include({ code: 'ORLOP_E_ABORTED' });
    expect((await fixture().orlop.containers.list({ all: true })).items).to.deep.equal([]);
  });
});
