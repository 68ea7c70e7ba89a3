import { closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import { type LaunchResult, type NativeExit, stdioSource } from '../../ts/native/contract.ts';
import { launchPlan, type PlanLaunch } from '../support/launch.ts';
import { requires } from '../support/require.ts';
import { newChildren, plainPlan, started } from '../support/starts.ts';
import { temporaryDirectory, until } from '../support/temporary.ts';

const { nothingToRead, nothingToWrite, pipeToApplication, pipeFromApplication } = stdioSource;

const onExit = { collect: true, reportWithExit: false, limit: 1_000_000 };

describe('the end of an application that is followed', function () {
  this.timeout(60_000);
  requires('addon', 'root');
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory(), ...names);

  /** Launches a script whose stdout and stderr are collected. */
  function launch(script: string, options: PlanLaunch = {}) {
    const stdio = { op: 'stdio', in: 0, out: 1, err: 2, scratch: null } as const;
    const supplied = ['stdin', 'stdout', 'stderr'] as const;
    const plan = plainPlan({ argv: ['/bin/sh', '-c', script], supplied, steps: [stdio] });
    const descriptors = [nothingToRead, pipeFromApplication, pipeFromApplication];
    return launchPlan(loadNative(), plan, { descriptors, onExit, ...options });
  }

  async function endOf(script: string, options: PlanLaunch = {}): Promise<NativeExit> {
    const { ended } = await launch(script, options);
    if (ended === null) throw new Error('the end is not followed');
    return ended;
  }

  it('comes with all that it wrote', async () => {
    const result = await launch('echo out; echo err >&2; head -c 300000 /dev/zero; exit 3');
    expect(result.pipes).to.deep.equal([]);
    const { exit, outputs, overflow, failure } = (await result.ended) as NativeExit;
    expect(exit).to.include({ code: 3, signal: null });
    expect([overflow, failure]).to.deep.equal([null, null]);
    expect(outputs).to.have.length(2);
    expect(outputs[0]?.subarray(0, 4).toString()).to.equal('out\n');
    expect(outputs[0]?.length).to.equal(300_004);
    expect(outputs[1]?.toString()).to.equal('err\n');
  });

  it('comes for one that writes more than it may, with what came before', async () => {
    const { exit, outputs, overflow } = await endOf('echo out; cat /dev/zero >&2', {
      onExit: { ...onExit, limit: 100_000 },
    });
    expect(exit.signal).to.be.oneOf([9, 13]);
    expect(overflow).to.equal(1);
    expect(outputs[0]?.toString()).to.equal('out\n');
    expect(outputs[1]?.length).to.be.within(1, 100_000);
  });

  it('comes for one that writes as much as it may', async () => {
    const { exit, outputs, overflow } = await endOf('head -c 1000 /dev/zero', { onExit: { ...onExit, limit: 1000 } });
    expect(exit).to.include({ code: 0, signal: null });
    expect([overflow, outputs[0]?.length]).to.deep.equal([null, 1000]);
  });

  it('leaves what the application writes to the caller, where that is not collected', async () => {
    const native = loadNative();
    const result = await launch('read line; test "$line" = go; exit 4', {
      descriptors: [pipeToApplication, pipeFromApplication, nothingToWrite],
      onExit: { ...onExit, collect: false },
    });
    const [input = -1, output = -1] = result.pipes ?? [];
    expect(result.pipes).to.have.length(2);
    // Another program that this one starts meanwhile must not hold it open.
    for (const pipe of [input, output]) expect(isClosedByExec(pipe), 'O_CLOEXEC').to.equal(true);
    writeSync(input, 'go\n');
    for (const pipe of [input, output]) native.closeSync(pipe);
    const ended = await result.ended;
    expect(ended?.exit).to.include({ code: 4, signal: null });
    expect({ ...ended, exit: null }).to.deep.equal({
      exit: null,
      outputs: [],
      overflow: null,
      cut: false,
      failure: null,
    });
  });

  it('comes although another process holds an output, once the application is killed', async () => {
    const native = loadNative();
    const kills = {
      'by this program': async (result: LaunchResult) => native.kill(started(result), 9),
      'by another': async (result: LaunchResult) => process.kill(started(result).pid, 'SIGKILL'),
      'after its exit': async (result: LaunchResult) => {
        process.kill(started(result).pid, 'SIGTERM');
        await native.wait(started(result));
        expect(native.kill(started(result), 9)).to.equal(false);
      },
    };
    for (const [name, kill] of Object.entries(kills)) {
      const path = at(name);
      const result = await launch(`echo begun; : > '${path}'; exec sleep 600`);
      await until('it has written', () => existsSync(path));
      const held = openSync(`/proc/${result.process?.pid}/fd/1`, 'w');
      await kill(result);
      writeSync(held, 'more\n');
      const end = await result.ended;
      expect(end?.exit.signal, name).to.equal(name === 'after its exit' ? 15 : 9);
      expect([end?.cut, `${end?.outputs[0]}`], name).to.deep.equal([true, 'begun\nmore\n']);
      expect(() => writeSync(held, 'lost\n'), name)
        .to.throw()
        .with.property('code', 'EPIPE');
      closeSync(held);
    }
  });

  it('is waited for while another process holds an output of one that was not killed', async () => {
    const result = await launch(`while [ ! -e ${at('go')} ]; do sleep 0.02; done; exit 2`);
    const held = openSync(`/proc/${result.process?.pid}/fd/1`, 'w');
    writeFileSync(at('go'), '');
    await loadNative().wait(started(result));
    await delay(1000);
    writeSync(held, 'more\n');
    closeSync(held);
    const end = await result.ended;
    expect([end?.exit.code, end?.cut, `${end?.outputs[0]}`]).to.deep.equal([2, false, 'more\n']);
  });

  it('leaves the pipe to the application to the caller, also where the outputs are collected', async () => {
    const descriptors = [pipeToApplication, pipeFromApplication, nothingToWrite];
    const result = await launch('cat', { descriptors });
    const [input = -1] = result.pipes ?? [];
    expect(result.pipes).to.have.length(1);
    writeSync(input, 'through\n');
    loadNative().closeSync(input);
    expect((await result.ended)?.outputs[0]?.toString()).to.equal('through\n');
  });

  it('is followed by changes, and then by those that the caller does not wait for', async () => {
    const { failure } = await endOf('true', {
      ended: [['mkdir', at('a'), 0o700]],
      background: [['mkdir', at('a', 'b'), 0o700]],
    });
    expect(failure).to.equal(null);
    expect(existsSync(at('a'))).to.equal(true);
    await until('the other one has been made', () => existsSync(at('a', 'b')));
  });

  it('tells why a change could not be made, and makes none after it', async () => {
    const { exit, failure } = await endOf('true', {
      ended: [
        ['mkdir', at('no', 'where'), 0o700],
        ['mkdir', at('next'), 0o700],
      ],
      background: [['mkdir', at('later'), 0o700]],
    });
    expect(exit.code).to.equal(0);
    expect(failure).to.include({ code: 'ENOENT', syscall: 'mkdir', path: at('no', 'where') });
    // One that came later would have been made by then.
    await endOf('true', { background: [['mkdir', at('other'), 0o700]] });
    await until('the other one has been made', () => existsSync(at('other')));
    expect([existsSync(at('next')), existsSync(at('later'))]).to.deep.equal([false, false]);
  });

  it('is followed by nothing where it is not followed, or nothing was started', async () => {
    const ended = [['mkdir', at('ended'), 0o700]] as const;
    const native = loadNative();
    const missing = plainPlan({ argv: ['/no/such/program'] });
    const refused = await launchPlan(native, missing, { ended, onExit });
    expect([refused.process, refused.ended]).to.deep.equal([null, null]);
    const result = await launchPlan(native, plainPlan({ argv: ['/bin/true'] }), { ended });
    expect(result.ended).to.equal(null);
    await native.wait(started(result));
    expect(existsSync(at('ended'))).to.equal(false);
  });

  it('comes when all other processes that write to its pipes have ended too', async () => {
    const { outputs } = await endOf('(sleep 0.2; echo late) & echo early');
    expect(outputs[0]?.toString()).to.equal('early\nlate\n');
  });

  it('is one of many at once', async () => {
    const texts = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => (await endOf(`echo ${index}`)).outputs[0]?.toString()),
    );
    expect(texts).to.deep.equal(Array.from({ length: 40 }, (_, index) => `${index}\n`));
  });

  describe('and reported together with the start', () => {
    const quiet = { ...onExit, reportWithExit: true };

    it('comes when what follows it has been done', async () => {
      const made = at('made');
      const result = await launch(`test ! -e ${made} && echo first`, {
        ended: [['mkdir', made, 0o700]],
        onExit: quiet,
      });
      expect(existsSync(made)).to.equal(true);
      const finished = await result.ended;
      expect(finished?.exit).to.include({ code: 0, signal: null });
      expect(finished?.outputs[0]?.toString()).to.equal('first\n');
    });

    it('comes as the start alone where nothing was started', async () => {
      const children = newChildren();
      const missing = plainPlan({ argv: ['/no/such/program'], supplied: ['stdin', 'stdout', 'stderr'] });
      const descriptors = [nothingToRead, pipeFromApplication, nothingToWrite];
      const result = await launchPlan(loadNative(), missing, { descriptors, onExit: quiet });
      expect(result.failure).to.include({ code: 'ENOENT' });
      expect([result.process, result.ended]).to.deep.equal([null, null]);
      expect(children()).to.deep.equal([]);
    });
  });
});

function isClosedByExec(descriptor: number): boolean {
  const flags = /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
  return (Number.parseInt(flags ?? '', 8) & 0o2000000) !== 0;
}
