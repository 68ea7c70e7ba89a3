import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import type { Change, NativeProcess } from '../../ts/native/contract.ts';
import { encodePlan } from '../../ts/plan/encode.ts';
import { requires } from '../support/require.ts';
import { plainPlan, started } from '../support/starts.ts';
import { temporaryDirectory, until } from '../support/temporary.ts';

describe('the end of an application', () => {
  requires('addon', 'root');
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory(), ...names);

  /** Runs a script whose stdout and stderr go to pipes. */
  async function start(script: string): Promise<{ process: NativeProcess; outputs: number[] }> {
    const native = loadNative();
    const pipes = [native.pipe(), native.pipe()];
    const writers = pipes.map(([, write]) => write);
    try {
      const stdio = { op: 'stdio', in: 0, out: 1, err: 2, scratch: null } as const;
      const supplied = ['stdin', 'stdout', 'stderr'] as const;
      const plan = encodePlan(plainPlan({ argv: ['/bin/sh', '-c', script], supplied, steps: [stdio] }));
      const options = { descriptors: [0, ...writers], features: native.features() };
      return { process: started(await native.launch(plan, options, {})), outputs: pipes.map(([read]) => read) };
    } finally {
      for (const write of writers) native.closeSync(write);
    }
  }

  const finish = (
    process: NativeProcess,
    outputs: number[],
    changes: Change[] = [],
    later: Change[] = [],
    limit = 1e6,
  ) => loadNative().finish(process, { outputs, limit, changes, later });

  it('comes with all that it wrote', async () => {
    const { process, outputs } = await start('echo out; echo err >&2; head -c 300000 /dev/zero; exit 3');
    const { exit, outputs: bytes, overflow, failure } = await finish(process, outputs);
    expect(exit).to.deep.equal({ code: 3, signal: null });
    expect([overflow, failure]).to.deep.equal([null, null]);
    expect(bytes[0]?.subarray(0, 4).toString()).to.equal('out\n');
    expect(bytes[0]?.length).to.equal(300_004);
    expect(bytes[1]?.toString()).to.equal('err\n');
  });

  it('comes for one that writes more than it may', async () => {
    const { process, outputs } = await start('cat /dev/zero >&2');
    const { exit, overflow } = await finish(process, outputs, [], [], 100_000);
    expect(exit.signal).to.be.oneOf([9, 13]);
    expect(overflow).to.equal(1);
  });

  it('is followed by changes, and then by those that nobody waits for', async () => {
    const { process, outputs } = await start('true');
    const { failure } = await finish(process, outputs, [['mkdir', at('a'), 0o700]], [['mkdir', at('a', 'b'), 0o700]]);
    expect(failure).to.equal(null);
    expect(existsSync(at('a'))).to.equal(true);
    await until('the other one has been made', () => existsSync(at('a', 'b')));
  });

  it('tells why a change could not be made', async () => {
    const { process, outputs } = await start('true');
    const { exit, failure } = await finish(process, outputs, [['mkdir', at('no', 'where'), 0o700]]);
    expect(exit.code).to.equal(0);
    expect(failure).to.include({ code: 'ENOENT', syscall: 'mkdir' });
  });

  it('waits for whoever else has the pipe', async () => {
    const { process, outputs } = await start('(sleep 0.2; echo late) & echo early');
    const { outputs: bytes } = await finish(process, outputs);
    expect(bytes[0]?.toString()).to.equal('early\nlate\n');
  });

  it('is one of many at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const { process, outputs } = await start(`echo ${index}`);
        return (await finish(process, outputs)).outputs[0]?.toString();
      }),
    );
    expect(all).to.deep.equal(Array.from({ length: 40 }, (_, index) => `${index}\n`));
  });
});

describe('the start of an application', () => {
  requires('addon', 'root');
  const directory = temporaryDirectory();
  const native = loadNative;

  const launch = (options: object) =>
    native().launch(
      encodePlan(plainPlan({ argv: ['/bin/sh', '-c', 'true'] })),
      { descriptors: [], features: native().features(), ...options },
      {},
    );

  it('is recorded by the thread that makes it, after the changes that come before it', async () => {
    const record = { path: join(directory(), 'd', 'state.json'), head: '{"a":1,', tail: ',"b":2}' };
    const process = started(await launch({ before: [['mkdir', join(directory(), 'd'), 0o700]], record }));
    const { pid, startTime } = process;
    expect(JSON.parse(readFileSync(record.path, 'utf8'))).to.deep.equal({ a: 1, pid, startTime, b: 2 });
    await native().wait(process);
  });

  it('does not happen when a change cannot be made', async () => {
    const error = await launch({ before: [['mkdir', join(directory(), 'no', 'where'), 0o700]] }).catch(
      (e: unknown) => e,
    );
    expect(error).to.include({ code: 'ENOENT', syscall: 'mkdir' });
  });

  it('ends it again when it cannot be recorded', async () => {
    const record = { path: join(directory(), 'nowhere', 'state.json'), head: '', tail: '' };
    const error = await launch({ record }).catch((e: unknown) => e);
    expect(error).to.include({ code: 'ENOENT', syscall: 'open' });
  });
});
