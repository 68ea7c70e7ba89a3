import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import {
  counts,
  ownChildren,
  ownDescriptors,
  ownThreads,
  sameCounts,
  storeContent,
} from '../../support/facts-of-life.ts';
import { mountTable } from '../../support/mounts.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('a program that runs many containers', function () {
  this.timeout(300_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  /** Runs `total` containers, four at a time, each tenth with a volume of its own. */
  async function runMany(total: number): Promise<void> {
    let started = 0;
    const worker = async () => {
      while (started < total) {
        const number = started++;
        const volumes = number % 10 === 0 ? ['/data'] : [];
        const result = await fixture().orlop.run('busybox', ['echo', `${number}`], { volumes });
        expect(result.stdout).to.equal(`${number}\n`);
        expect(result.exitCode).to.equal(0);
      }
    };
    await Promise.all(Array.from({ length: 4 }, worker));
  }

  it('holds nothing of them after a thousand: no descriptor, thread, mount, directory, process, memory', async () => {
    await runMany(200);
    await fixture().settle();
    const mounts = mountTable();
    const store = storeContent(fixture());
    const descriptors = counts(ownDescriptors());
    const { 'orlop-launch': _before, ...threads } = counts(ownThreads());
    const children = ownChildren();
    const heap = usedHeap();
    await runMany(800);
    await fixture().settle();
    expect(storeContent(fixture())).to.deep.equal(store);
    expect(mountTable()).to.equal(mounts);
    expect(ownChildren().map(({ pid }) => pid)).to.deep.equal(children.map(({ pid }) => pid));
    await until('the descriptors are those from before', () => sameCounts(counts(ownDescriptors()), descriptors));
    // Four that clone, and those that make things for the next starts meanwhile: as many as ever were busy at once.
    const { 'orlop-launch': launchers } = await until('the other threads are those from before', () => {
      const { 'orlop-launch': launchers = 0, ...others } = counts(ownThreads());
      return sameCounts(others, threads) && { 'orlop-launch': launchers };
    });
    expect(launchers).to.be.at.most(8);
    expect(threads['orlop-reap']).to.equal(1);
    // 5 kB for each would be as much; a plan has more.
    expect(usedHeap() - heap, 'growth of the heap, bytes').to.be.below(4 << 20);
  });

  it('holds no prefetched descriptor of a request whose plan is too large', async () => {
    const { orlop } = fixture();
    for (let run = 0; run < 3; run++) await orlop.run('busybox', ['true']);
    const volumes = Array.from({ length: 2100 }, (_, index) => `/etc/hostname:/v/${index}:ro`);
    const refused = () => refusal(orlop.run('busybox', ['true'], { volumes }));
    expect((await refused()).message).to.match(/^the plan has \d+ (operations|descriptors), the limit is/);
    const before = ownDescriptors().length;
    const tries = 10;
    for (let made = 0; made < tries; made++) await refused();
    // What is prefetched meanwhile is a few, and not some for each try.
    await until('no more descriptors than before', () => ownDescriptors().length < before + tries);
  });

  it('can run fifty at once', async () => {
    const children = ownChildren().map(({ pid }) => pid);
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        fixture().orlop.run('busybox', ['sh', '-c', `cat; echo ${index} >&2; exit ${index}`], {
          input: `input of ${index}`,
        }),
      ),
    );
    for (const [index, { stdout, stderr, exitCode }] of results.entries()) {
      expect({ stdout, stderr, exitCode }).to.deep.equal({
        stdout: `input of ${index}`,
        stderr: `${index}\n`,
        exitCode: index,
      });
    }
    expect(ownThreads().filter((name) => name === 'orlop-launch')).to.have.length.at.most(64);
    expect(ownChildren().filter(({ pid }) => !children.includes(pid))).to.deep.equal([]);
  });

  it('keeps no descriptor of streams that were not read', async () => {
    await fixture().settle();
    const descriptors = counts(ownDescriptors());
    const written = [];
    for (let i = 0; i < 10; i++) {
      const container = await fixture().orlop.create(
        'busybox',
        ['sh', '-c', 'echo kept; head -c 20000 /dev/zero >&2'],
        {
          rm: true,
        },
      );
      const running = await container.start({ stdin: 'pipe' });
      await running.exited;
      written.push(running);
    }
    await fixture().settle();
    await until('the descriptors are those from before', () => sameCounts(counts(ownDescriptors()), descriptors));
    for (const { stdout, stderr } of written) {
      const text = await Promise.all(
        [stdout, stderr].map(async (stream) => Buffer.concat((await stream?.toArray()) ?? [])),
      );
      expect(text.map((one) => one.length)).to.deep.equal([5, 20000]);
    }
  });
});

/** Bytes of the heap that are in use after a garbage collection. */
function usedHeap(): number {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}
