import { expect } from 'chai';
import {
  type Controller,
  controllersFor,
  type Machine,
  settingsOf,
  withoutSeat,
} from '../../../ts/cgroups/settings.ts';
import { RequestError } from '../../../ts/errors/index.ts';
import type { Limits } from '../../../ts/request/limits.ts';

function machine(version: 1 | 2, changes: Partial<Machine> = {}): Machine {
  return {
    version: () => version,
    missing: (controller) => ({ why: `there is no ${controller}`, hint: 'mount it' }),
    has: () => true,
    device: () => '8:16',
    ...changes,
  };
}

function filesOf(limits: Limits, version: 1 | 2, changes?: Partial<Machine>): string[] {
  return settingsOf(limits, machine(version, changes)).map(({ file, value }) => `${file} ${value}`);
}

const mega = 2 ** 20;

describe('the control files of limits', () => {
  const rows: readonly (readonly [limits: Limits, first: readonly string[], second: readonly string[]])[] = [
    [{}, [], []],
    [
      { memory: 64 * mega },
      ['memory.limit_in_bytes 67108864', 'memory.memsw.limit_in_bytes 134217728'],
      ['memory.max 67108864', 'memory.oom.group 1', 'memory.swap.max 67108864'],
    ],
    [
      { memory: 64 * mega, swap: 0 },
      ['memory.limit_in_bytes 67108864', 'memory.memsw.limit_in_bytes 67108864'],
      ['memory.max 67108864', 'memory.oom.group 1', 'memory.swap.max 0'],
    ],
    [
      { memory: 64 * mega, swap: 'max' },
      ['memory.limit_in_bytes 67108864', 'memory.memsw.limit_in_bytes -1'],
      ['memory.max 67108864', 'memory.oom.group 1', 'memory.swap.max max'],
    ],
    [{ memoryReservation: 8 * mega }, ['memory.soft_limit_in_bytes 8388608'], ['memory.low 8388608']],
    [
      { cpu: { quota: 150_000, period: 100_000 } },
      ['cpu.cfs_period_us 100000', 'cpu.cfs_quota_us 150000'],
      ['cpu.max 150000 100000'],
    ],
    [{ cpu: { quota: -1, period: 5000 } }, ['cpu.cfs_period_us 5000', 'cpu.cfs_quota_us -1'], ['cpu.max max 5000']],
    [{ cpuShares: 1024 }, ['cpu.shares 1024'], ['cpu.weight 39']],
    [{ cpuShares: 2 }, ['cpu.shares 2'], ['cpu.weight 1']],
    [{ cpuShares: 262_144 }, ['cpu.shares 262144'], ['cpu.weight 10000']],
    [
      { cpusetCpus: '0-1', cpusetMems: '0' },
      ['cpuset.cpus 0-1', 'cpuset.mems 0'],
      ['cpuset.cpus 0-1', 'cpuset.mems 0'],
    ],
    // One more: the thread that sits beside the container is counted.
    [{ pids: 20 }, ['pids.max 21'], ['pids.max 20']],
    [{ pids: 'max' }, [], []],
    [{ blkioWeight: 300 }, ['blkio.bfq.weight 300'], ['io.bfq.weight 300']],
    [
      {
        deviceRates: [
          { kind: 'wbps', path: '/dev/sdb', rate: 1000 },
          { kind: 'riops', path: '/dev/sdb', rate: 5 },
        ],
      },
      ['blkio.throttle.write_bps_device 8:16 1000', 'blkio.throttle.read_iops_device 8:16 5'],
      ['io.max 8:16 wbps=1000', 'io.max 8:16 riops=5'],
    ],
  ];
  for (const [limits, first, second] of rows) {
    it(`are those of both versions for ${JSON.stringify(limits)}`, () => {
      expect(filesOf(limits, 1)).to.deep.equal(first);
      expect(filesOf(limits, 2)).to.deep.equal(second);
    });
  }

  it('are taken under the name that the kernel has', () => {
    const has = (_: Controller, file: string) => file !== 'blkio.bfq.weight';
    expect(filesOf({ blkioWeight: 10 }, 1, { has })).to.deep.equal(['blkio.weight 10']);
    const second = (weight: number) => filesOf({ blkioWeight: weight }, 2, { has: (_, file) => file === 'io.weight' });
    expect([10, 500, 1000].flatMap(second)).to.deep.equal(['io.weight 1', 'io.weight 4950', 'io.weight 10000']);
  });

  it('are refused by a sentence where a controller or a file is missing', () => {
    const refusal = (limits: Limits, changes: Partial<Machine>): string => {
      try {
        settingsOf(limits, machine(2, changes));
      } catch (error) {
        if (error instanceof RequestError && error.code === 'ORLOP_E_LIMIT') return error.message;
        throw error;
      }
      return 'none';
    };
    const without = (name: Controller): Partial<Machine> => ({
      version: (controller) => (controller === name ? null : 2),
    });
    expect(refusal({ cpuShares: 2 }, without('cpu'))).to.equal(
      'the share of processors cannot be held: there is no cpu',
    );
    expect(refusal({ cpuShares: 2 }, without('memory'))).to.equal('none');
    const has = (_: Controller, file: string) => file !== 'memory.swap.max';
    const swap = 'the limit of swap space cannot be held: the kernel has no memory.swap.max';
    expect(refusal({ memory: 8 * mega, swap: 0 }, { has })).to.equal(swap);
    // The default is not asked for.
    expect(refusal({ memory: 8 * mega }, { has })).to.equal('none');
  });

  it('need each controller once, and those of the default limits never', () => {
    expect(controllersFor({})).to.deep.equal([]);
    expect(controllersFor({ cpuTime: 5, pids: 'max' })).to.deep.equal([]);
    expect(controllersFor({ memory: 64 * mega, swap: 0, cpuShares: 512, pids: 9 })).to.deep.equal([
      'memory',
      'cpu',
      'pids',
    ]);
    const rate = { kind: 'rbps', path: '/dev/missing', rate: 1 } as const;
    expect(controllersFor({ blkioWeight: 100, deviceRates: [rate] })).to.deep.equal(['io']);
  });

  it('do not count the thread that sits beside a container', () => {
    expect([withoutSeat(3, 1), withoutSeat(3, 2), withoutSeat(0, 1)]).to.deep.equal([2, 3, 0]);
  });
});
