import { expect } from 'chai';
import { cgroupVersions, typeOfMount } from '../../../bench/ground/machine.ts';
import { hybridMount, measuredEnvironment } from '../../../bench/ground/namespace.ts';
import { type Entry, measure, metricsOf } from '../../../bench/measure/measure.ts';
import { parseOptions } from '../../../bench/options.ts';

function entry(contestant: string, sample: Entry['sample'], parts: Partial<Entry> = {}): Entry {
  return { case: 'full', contestant, label: contestant, share: 1, mayFail: false, sample, ...parts };
}

const options = { rounds: 10, warmUp: 2, seed: 1 };

describe('measuring', () => {
  it('takes no sample of the warm-up into a result', async () => {
    let calls = 0;
    const [row] = await measure([entry('a', async () => ({ first: ++calls }))], options);
    expect(calls).to.equal(12);
    expect(row?.metrics.first).to.include({ n: 10, min: 3, median: 7.5 });
  });

  it('mixes the contestants', async () => {
    const order: string[] = [];
    const noted = (name: string) =>
      entry(name, async () => {
        order.push(name);
        return { first: 1 };
      });
    await measure([noted('a'), noted('b'), noted('c')], options);
    expect(order).to.have.length(36);
    const rounds = Array.from({ length: 12 }, (_, round) => order.slice(round * 3, round * 3 + 3));
    for (const round of rounds) expect(round.toSorted()).to.deep.equal(['a', 'b', 'c']);
    expect(new Set(rounds.map(String)).size).to.be.greaterThan(2);
  });

  it("counts the failures of others' programs and goes on", async () => {
    let calls = 0;
    const sample = async () => {
      if (++calls % 2 === 0) throw new Error('no');
      return { first: 1 };
    };
    const [row] = await measure([entry('runc', sample, { mayFail: true })], options);
    expect(row?.failures).to.equal(5);
    expect(row?.metrics.first?.n).to.equal(5);
  });

  it('ends when one of ours fails, and says which', async () => {
    const broken = entry('orlop-run', async () => {
      throw new Error('no');
    });
    const error = await measure([broken], options).catch((reason: unknown) => reason);
    expect(error).to.be.an('error').with.property('message', "orlop-run failed at 'full'");
  });

  it('summarizes each metric over the samples that have it', () => {
    expect(metricsOf([{ a: 1 }, { a: 3, b: 5 }])).to.deep.include({ b: { n: 1, median: 5, p99: 5, min: 5 } });
    expect(metricsOf([])).to.deep.equal({});
  });
});

describe('facts of the machine', () => {
  const mounts = ['/dev/vda / ext4 rw 0 0', 'tmpfs /var/tmp tmpfs rw 0 0', 'tmpfs /v tmpfs rw 0 0'];

  it('tell the file system of a path by the nearest mount above it', () => {
    expect(typeOfMount(mounts, '/var/tmp/')).to.equal('tmpfs');
    expect(typeOfMount(mounts, '/var/lib/')).to.equal('ext4');
  });

  it('tell the versions of cgroups, and where the second is mounted beside the first', () => {
    const [first, second] = [
      'cgroup /sys/fs/cgroup/pids cgroup rw 0 0',
      'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0',
    ];
    expect([[second], [first], [first, second]].map(cgroupVersions)).to.deep.equal(['v2', 'v1', 'hybrid']);
    expect(hybridMount([first, second].join('\n'))).to.equal('/sys/fs/cgroup/unified');
    expect(hybridMount(second)).to.equal(null);
    expect(hybridMount(first)).to.equal(null);
  });
});

describe('the environment of what is measured', () => {
  it('has no variable that makes Node slow, and all others', () => {
    const env = { PATH: '/bin', NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt', NODE_OPTIONS: '--jitless' };
    expect(measuredEnvironment(env)).to.deep.equal({ PATH: '/bin' });
  });
});

describe('options of the benchmark', () => {
  it('are questions and switches', () => {
    expect(parseOptions(['--quick', 'start'], ['start', 'cli'])).to.deep.equal({
      quick: true,
      report: false,
      repeat: 1,
      questions: ['start'],
    });
    expect(parseOptions([], ['start'])).to.deep.equal({ quick: false, report: false, repeat: 3, questions: [] });
    expect(parseOptions(['--repeat', '5'], ['start']).repeat).to.equal(5);
  });

  it('are refused when they name no question', () => {
    expect(() => parseOptions(['strat'], ['start'])).to.throw("no question 'strat': start");
    expect(() => parseOptions(['--fast'], ['start'])).to.throw('--fast');
    for (const text of ['0', '-1', 'many', '']) {
      expect(() => parseOptions([`--repeat=${text}`], ['start'])).to.throw('--repeat takes a number');
    }
  });
});
