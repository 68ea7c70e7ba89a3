import { readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import { type LaunchOptions, type LaunchResult, type NativePrepared, stdioSource } from '../../ts/native/contract.ts';
import type { Supplied } from '../../ts/plan/types.ts';
import { launchPlan, launchPrepared } from '../support/launch.ts';
import { requires } from '../support/require.ts';
import { plainPlan, started } from '../support/starts.ts';
import { until } from '../support/temporary.ts';

const { nothingToRead, nothingToWrite, pipeToApplication, pipeFromApplication, sameAsBefore } = stdioSource;

/** What the descriptors of this process lead to. */
function open(): string[] {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the directory itself
    }
  });
  return links.sort();
}

describe('the standard streams of a launch', () => {
  requires('addon', 'root');

  function launch(script: string, options: Pick<LaunchOptions, 'descriptors' | 'taken'>) {
    const names: readonly Supplied[] = ['stdin', 'stdout', 'stderr', 'network'];
    const supplied = names.slice(0, options.descriptors.length + (options.taken?.length ?? 0));
    const stdio = { op: 'stdio', in: 0, out: 1, err: 2, scratch: null } as const;
    const plan = plainPlan({ argv: ['/bin/sh', '-c', script], supplied, steps: [stdio] });
    return launchPlan(loadNative(), plan, options);
  }

  function textOf({ pipes = [] }: LaunchResult, index: number): string {
    const fd = pipes[index];
    if (fd === undefined) throw new Error(`no pipe ${index}`);
    try {
      return readFileSync(fd, 'utf8');
    } finally {
      loadNative().closeSync(fd);
    }
  }

  it('are pipes, whose other ends come with the start, in their order', async () => {
    const descriptors = [pipeToApplication, pipeFromApplication, pipeFromApplication];
    const result = await launch('read line; echo "out $line"; echo err >&2', { descriptors });
    const [input = -1] = result.pipes ?? [];
    writeSync(input, 'a line\n');
    loadNative().closeSync(input);
    await loadNative().wait(started(result));
    expect([textOf(result, 1), textOf(result, 2)]).to.deep.equal(['out a line\n', 'err\n']);
  });

  it('is nothing: an end to read, and a place to write', async () => {
    const descriptors = [nothingToRead, pipeFromApplication, nothingToWrite];
    const result = await launch('cat; echo lost >&2; readlink /proc/self/fd/0 /proc/self/fd/2', { descriptors });
    await loadNative().wait(started(result));
    expect(textOf(result, 0)).to.equal('/dev/null\n/dev/null\n');
  });

  it('is one pipe for both outputs, so that what is written keeps its order', async () => {
    const descriptors = [nothingToRead, pipeFromApplication, sameAsBefore];
    const result = await launch('echo 1; echo 2 >&2; echo 3; echo 4 >&2', { descriptors });
    await loadNative().wait(started(result));
    expect(result.pipes).to.have.length(1);
    expect(textOf(result, 0)).to.equal('1\n2\n3\n4\n');
  });

  it('is closed when it was taken, whatever comes of the launch', async () => {
    const native = loadNative();
    const before = open();
    const given = () => {
      const [read, write] = native.pipe();
      native.closeSync(write);
      return [read];
    };
    const descriptors = [nothingToRead, nothingToWrite, sameAsBefore];
    await native.wait(started(await launch('true', { descriptors, taken: given() })));
    const plain = plainPlan({ argv: ['/bin/true'] });
    // One too many, one that the plan does not want, one beside what is no descriptor, and values that are none.
    for (const options of [
      { descriptors, taken: [...given(), ...given()] },
      { taken: given() },
      { taken: [...given(), 'none'] as number[] },
      { taken: given(), values: [7] as unknown as string[] },
    ]) {
      const refused = launchPlan(native, plain, options);
      expect(await refused.catch((error: unknown) => error)).to.be.instanceOf(TypeError);
    }
    const foreign = launchPrepared(native, {} as NativePrepared, { taken: given() });
    expect(await foreign.catch((error: unknown) => error)).to.be.instanceOf(TypeError);
    await until('all is closed', () => open().join() === before.join());
  });
});
