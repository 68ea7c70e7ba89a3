import { existsSync, readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import { type LaunchOptions, type LaunchResult, supply } from '../../ts/native/contract.ts';
import { encodePlan } from '../../ts/plan/encode.ts';
import { requires } from '../support/require.ts';
import { plainPlan, started } from '../support/starts.ts';
import { temporaryDirectory, until } from '../support/temporary.ts';

const { nothingToRead, nothingToWrite, pipeToApplication, pipeFromApplication, sameAsBefore } = supply;

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

describe('what a launch supplies', () => {
  requires('addon', 'root');
  const directory = temporaryDirectory();

  function launch(script: string, options: Pick<LaunchOptions, 'descriptors'> & Partial<LaunchOptions>) {
    const supplied = ['stdin', 'stdout', 'stderr', 'network'].slice(
      0,
      options.descriptors.length + (options.given?.length ?? 0),
    ) as ('stdin' | 'stdout' | 'stderr' | 'network')[];
    const stdio = { op: 'stdio', in: 0, out: 1, err: 2, scratch: null } as const;
    const plan = encodePlan(plainPlan({ argv: ['/bin/sh', '-c', script], supplied, steps: [stdio] }));
    return loadNative().launch(plan, { features: loadNative().features(), ...options }, {});
  }

  const finish = { limit: 1e6, changes: [], later: [], collect: true, quiet: false };

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

  it('is collected, and told of with the end', async () => {
    const descriptors = [nothingToRead, pipeFromApplication, pipeFromApplication];
    const result = await launch('echo out; echo err >&2; exit 3', { descriptors, finish });
    expect(result.pipes).to.deep.equal([]);
    const ended = await result.ended;
    expect(ended?.exit).to.deep.equal({ code: 3, signal: null });
    expect(ended?.outputs.map((bytes) => bytes.toString())).to.deep.equal(['out\n', 'err\n']);
  });

  it('is told of when the application has ended, where that is asked for; then what follows has been done', async () => {
    const made = join(directory(), 'made');
    const descriptors = [nothingToRead, pipeFromApplication, nothingToWrite];
    const changes = [['mkdir', made, 0o700]] as const;
    const result = await launch(`test ! -e ${made} && echo first`, {
      descriptors,
      finish: { ...finish, changes, quiet: true },
    });
    expect(existsSync(made)).to.equal(true);
    expect((await result.ended)?.outputs[0]?.toString()).to.equal('first\n');
  });

  it('is told of without an end when nothing was started', async () => {
    const descriptors = [nothingToRead, pipeFromApplication, nothingToWrite];
    const plan = plainPlan({ argv: ['/no/such/program'], supplied: ['stdin', 'stdout', 'stderr'] });
    const native = loadNative();
    const options = { descriptors, features: native.features(), finish: { ...finish, quiet: true } };
    const result = await native.launch(encodePlan(plan), options, {});
    expect(result.failure).to.include({ code: 'ENOENT' });
    expect([result.process, result.ended]).to.deep.equal([null, null]);
  });

  it('is closed when it was given, whatever comes of the launch', async () => {
    const native = loadNative();
    const before = open();
    const given = () => {
      const [read, write] = native.pipe();
      native.closeSync(write);
      return [read];
    };
    const descriptors = [nothingToRead, nothingToWrite, sameAsBefore];
    await native.wait(started(await launch('true', { descriptors, given: given() })));
    // One too many, and none that is wanted.
    const wrong = [
      { descriptors, given: [...given(), ...given()] },
      { descriptors: [], given: given() },
    ];
    for (const options of wrong) {
      const plan = encodePlan(plainPlan({ argv: ['/bin/true'] }));
      const refused = native.launch(plan, { features: native.features(), ...options }, {});
      expect(await refused.catch((error: unknown) => error)).to.be.instanceOf(TypeError);
    }
    await until('all is closed', () => open().join() === before.join());
  });
});
