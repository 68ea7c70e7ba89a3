import { expect } from 'chai';
import fc from 'fast-check';
import { countOf, parseIdList } from '../../../ts/request/id-list.ts';
import { parseLimits } from '../../../ts/request/limits.ts';
import type { LimitOptions } from '../../../ts/request/types.ts';
import { refusalOf } from '../../support/refusal.ts';

const machine = { online: (what: 'cpu' | 'node') => (what === 'cpu' ? '0-3,6' : '0') };
const unknown = { online: () => null };
const parse = (given: LimitOptions) => parseLimits(given, undefined, machine);
const [k, m, g] = [1024, 1024 ** 2, 1024 ** 3];

describe('the limits of a request', () => {
  for (const [given, limits] of [
    [{}, {}],
    [{ memory: '512m' }, { memory: 512 * m }],
    [
      { memory: 6 * m, swap: 0 },
      { memory: 6 * m, swap: 0 },
    ],
    [
      { memory: '1G', swap: '-1' },
      { memory: g, swap: 'max' },
    ],
    [
      { memory: '6144kb', swap: -1 },
      { memory: 6 * m, swap: 'max' },
    ],
    [
      { memory: '1g', swap: '1k' },
      { memory: g, swap: k },
    ],
    [{ swap: -1 }, {}],
    [{ memoryReservation: '1.5g' }, { memoryReservation: 1.5 * g }],
    [
      { memory: '1g', memoryReservation: '1g', swap: 0 },
      { memory: g, swap: 0, memoryReservation: g },
    ],
    [{ cpus: 1.5 }, { cpu: { quota: 150_000, period: 100_000 } }],
    [{ cpus: '.5' }, { cpu: { quota: 50_000, period: 100_000 } }],
    [{ cpus: '2.' }, { cpu: { quota: 200_000, period: 100_000 } }],
    [{ cpus: 0.01 }, { cpu: { quota: 1000, period: 100_000 } }],
    // 0.57 * 100000 is 56999.99999999999.
    [{ cpus: '0.57' }, { cpu: { quota: 57_000, period: 100_000 } }],
    [{ cpus: 5 }, { cpu: { quota: 500_000, period: 100_000 } }],
    [{ cpus: 1, cpuQuota: -1 }, { cpu: { quota: 100_000, period: 100_000 } }],
    [{ cpuQuota: 1000 }, { cpu: { quota: 1000, period: 100_000 } }],
    [{ cpuQuota: '20000', cpuPeriod: '10000' }, { cpu: { quota: 20_000, period: 10_000 } }],
    [{ cpuQuota: -1 }, {}],
    [{ cpuPeriod: 1000 }, {}],
    [{ cpuPeriod: 1_000_000 }, {}],
    [{ cpuShares: 512 }, { cpuShares: 512 }],
    [{ cpuShares: 1 }, { cpuShares: 2 }],
    [{ cpuShares: 262_145 }, { cpuShares: 262_144 }],
    [{ cpusetCpus: '6,1,0-2' }, { cpusetCpus: '0-2,6' }],
    [{ cpusetMems: '0' }, { cpusetMems: '0' }],
    [{ pids: 1 }, { pids: 1 }],
    [{ pids: '+4194304' }, { pids: 4_194_304 }],
    [{ pids: -1 }, { pids: 'max' }],
    [{ blkioWeight: '10' }, { blkioWeight: 10 }],
    [{ disk: '1m' }, { disk: 1 << 20 }],
    [{ disk: 1.5 * 2 ** 30 }, { disk: 1.5 * 2 ** 30 }],
    [
      { cpuTime: 1500, wallTime: '2000', output: '1m' },
      { cpuTime: 1500, wallTime: 2000, output: m },
    ],
    [{ blkioWeight: 1000 }, { blkioWeight: 1000 }],
    [{ deviceReadBps: [], deviceWriteBps: {} }, {}],
    [
      { deviceReadBps: ['/dev/sda:1k', '/dev//sda:2m'], deviceWriteBps: { '/dev/sda': 1 } },
      {
        deviceRates: [
          { kind: 'rbps', path: '/dev/sda', rate: 2 * m },
          { kind: 'wbps', path: '/dev/sda', rate: 1 },
        ],
      },
    ],
    [
      { deviceReadIops: { '/dev/sda': '5' }, deviceWriteIops: ['/dev/disk/by-path/pci-0000:00:1f.2-ata-1:7'] },
      {
        deviceRates: [
          { kind: 'riops', path: '/dev/sda', rate: 5 },
          { kind: 'wiops', path: '/dev/disk/by-path/pci-0000:00:1f.2-ata-1', rate: 7 },
        ],
      },
    ],
  ] as const satisfies (readonly [LimitOptions, unknown])[]) {
    it(`are read: ${JSON.stringify(given)}`, () => {
      expect(parse(given)).to.deep.equal(limits);
    });
  }

  for (const [given, message, hint] of [
    [{ memory: 0 }, /^the memory limit '0' is below 6 MiB$/, /at least '6m'/],
    [{ memory: '5m' }, /^the memory limit '5m' is below 6 MiB$/, /at least '6m'/],
    [{ memory: 512 }, /below 6 MiB/, /k, m or g/],
    [{ memory: 6 * m - 1 }, /below 6 MiB/, /at least/],
    [{ memory: -1 }, /^the memory limit '-1' is not a size$/, /'64m'/],
    [{ memory: '' }, /^the memory limit '' is not a size$/, /'64m'/],
    [{ memory: 'max' }, /'max' is not a size/, /bytes/],
    [{ memory: '512x' }, /'512x' is not a size/, /bytes/],
    [{ memory: '512 mb ' }, /is not a size/, /bytes/],
    [{ memory: Number.NaN }, /'NaN' is not a size/, /bytes/],
    [{ memory: Number.POSITIVE_INFINITY }, /'Infinity' is not a size/, /bytes/],
    [{ memory: '99999999p' }, /is not a size/, /bytes/],
    [{ memory: '1g', swap: -2 }, /^the limit of swap space '-2' is not a size$/, /bytes/],
    [{ memory: '1g', swap: 'none' }, /'none' is not a size/, /bytes/],
    [{ swap: '1k' }, /^the limit of swap space is without one of memory$/, /'memory'/],
    [{ swap: 0 }, /is without one of memory$/, /'memory'/],
    [{ memoryReservation: 0 }, /^the reserved memory '0' is below 6 MiB$/, /6m/],
    [{ memory: '1g', memoryReservation: '2g' }, /'2g' is more than the memory limit$/, /at most 1073741824/],
    [{ cpus: 0 }, /^'0' is no number of processors from 0\.01 on$/, /'1\.5'/],
    [{ cpus: 0.001 }, /'0\.001' is no number/, /'1\.5'/],
    [{ cpus: -1 }, /'-1' is no number/, /'1\.5'/],
    [{ cpus: '1,5' }, /'1,5' is no number/, /'1\.5'/],
    [{ cpus: '150%' }, /'150%' is no number/, /'1\.5'/],
    [{ cpus: '1/2' }, /'1\/2' is no number/, /'1\.5'/],
    [{ cpus: '.' }, /'\.' is no number/, /'1\.5'/],
    [{ cpus: '' }, /'' is no number/, /'1\.5'/],
    [{ cpus: '1e1' }, /'1e1' is no number/, /'1\.5'/],
    [{ cpus: Number.NaN }, /'NaN' is no number/, /'1\.5'/],
    [{ cpus: 5.1 }, /^this machine has fewer processors than '5\.1'$/, /^write at most '5'$/],
    [{ cpus: '1', cpuPeriod: 1000 }, /given twice/, /^keep '--cpus 1\.5', or/],
    [{ cpus: 1, cpuQuota: 1000 }, /given twice/, /^keep/],
    [{ cpuPeriod: 999 }, /^the period of processors '999' is no whole number from 1000 to 1000000$/, /microseconds/],
    [{ cpuPeriod: 1_000_001 }, /no whole number/, /100000/],
    [{ cpuPeriod: -1 }, /'-1' is no whole number/, /microseconds/],
    [{ cpuPeriod: '100ms' }, /'100ms' is no whole number/, /microseconds/],
    [{ cpuQuota: 999 }, /^the quota of processors '999' is no whole number from 1000 on$/, /-1 is no bound/],
    [{ cpuQuota: 0 }, /no whole number/, /-1/],
    [{ cpuQuota: -2 }, /no whole number/, /-1/],
    [{ cpuQuota: 1000.5 }, /no whole number/, /-1/],
    [{ cpuShares: 0 }, /^the share of processors '0' is no whole number from 1 on$/, /1024/],
    [{ cpuShares: -1 }, /no whole number/, /1024/],
    [{ cpuShares: '0x10' }, /no whole number/, /1024/],
    [{ cpusetCpus: '' }, /^'' is no list of processors$/, /'0-2,4'/],
    [{ cpusetCpus: '0..3' }, /'0\.\.3' is no list/, /'0-2,4'/],
    [{ cpusetCpus: '0, 1' }, /'0, 1' is no list/, /'0-2,4'/],
    [{ cpusetCpus: '-1' }, /'-1' is no list/, /'0-2,4'/],
    [{ cpusetCpus: '1-' }, /'1-' is no list/, /'0-2,4'/],
    [{ cpusetCpus: 'all' }, /'all' is no list/, /'0-2,4'/],
    [{ cpusetCpus: '3-1' }, /'3-1' has a range of processors that ends before it begins/, /^write '1-3'$/],
    [{ cpusetCpus: '2-6' }, /^this machine has no processor 4$/, /^it has 0-3,6$/],
    [{ cpusetCpus: '7' }, /^this machine has no processor 7$/, /^it has 0-3,6$/],
    [{ cpusetCpus: '0-999999999' }, /^there is no processor 999999999$/, /8191/],
    [{ cpusetMems: '0-1' }, /^this machine has no memory node 1$/, /^it has 0$/],
    [{ cpusetMems: 'x' }, /^'x' is no list of memory nodes$/, /'0-2,4'/],
    [{ pids: 0 }, /^the number of processes '0' is no whole number from 1 to 4194304$/, /^-1 is no bound$/],
    [{ pids: 4_194_305 }, /no whole number/, /-1/],
    [{ pids: 1.5 }, /no whole number/, /-1/],
    [{ pids: -2 }, /no whole number/, /-1/],
    [{ pids: 'unlimited' }, /'unlimited' is no whole number/, /-1/],
    [{ pids: '' }, /'' is no whole number/, /-1/],
    [{ disk: 2 ** 20 - 1 }, /^the size of the read-write layer '1048575' is below 1 MiB$/, /'1m'/],
    [{ disk: 0 }, /below 1 MiB/, /'1m'/],
    [{ disk: '10x' }, /^the size of the read-write layer '10x' is not a size$/, /'64m'/],
    [{ blkioWeight: 9 }, /^the weight for disks '9' is no whole number from 10 to 1000$/, /higher/],
    [{ blkioWeight: 1001 }, /no whole number/, /higher/],
    [{ deviceReadBps: ['/dev/sda'] }, /^the device '\/dev\/sda' has no rate$/, /'PATH:RATE'/],
    [{ deviceReadBps: [':1m'] }, /has no rate/, /'PATH:RATE'/],
    [{ deviceReadBps: [''] }, /has no rate/, /'PATH:RATE'/],
    [{ deviceReadBps: ['sda:1m'] }, /^the path of the device 'sda' is not absolute$/, /'\/dev\/sda'/],
    [{ deviceReadBps: { '': 1 } }, /is not absolute/, /'\/dev\/sda'/],
    [{ deviceReadBps: { '/dev/\0': 1 } }, /NUL/, /remove it/],
    [{ deviceReadBps: ['/dev/sda:'] }, /^the rate of '\/dev\/sda' '' is not a size$/, /bytes/],
    [{ deviceReadBps: ['/dev/sda:-1'] }, /'-1' is not a size/, /bytes/],
    [{ deviceWriteBps: ['/dev/sda:0'] }, /^the rate of '\/dev\/sda' is 0$/, /no bound/],
    [{ deviceWriteBps: { '/dev/sda': 0.5 } }, /is 0$/, /no bound/],
    [{ deviceReadIops: ['/dev/sda:1m'] }, /^the rate of '\/dev\/sda' '1m' is no whole number from 1 on$/, /operations/],
    [{ deviceWriteIops: { '/dev/sda': 0 } }, /no whole number/, /no bound/],
  ] as const satisfies (readonly [LimitOptions, RegExp, RegExp])[]) {
    it(`are refused: ${JSON.stringify(given)}`, () => {
      const error = refusalOf(() => parse(given));
      expect(error.code).to.equal('ORLOP_E_INPUT');
      expect(error.message).to.match(message);
      expect(error.hint).to.match(hint);
    });
  }

  it('are not compared with a machine that does not say what it has', () => {
    const given = { cpus: 1000, cpusetCpus: '4095', cpusetMems: '7' };
    expect(parseLimits(given, undefined, unknown)).to.deep.equal({
      cpu: { quota: 100_000_000, period: 100_000 },
      cpusetCpus: '4095',
      cpusetMems: '7',
    });
  });
});

describe('the parent control group of a request', () => {
  for (const [text, path] of [
    ['/', '/'],
    ['/batch', '/batch'],
    ['batch', '/batch'],
    ['/a//b/./c/', '/a/b/c'],
    ['a/b.slice', '/a/b.slice'],
    ['/b.slice', '/b.slice'],
    ['batch.slice', '/batch.slice'],
    ['user-1000.slice', '/user.slice/user-1000.slice'],
    ['a-b-c.slice', '/a.slice/a-b.slice/a-b-c.slice'],
    ['-.slice', '/'],
    ['/sys/fs/cgroups', '/sys/fs/cgroups'],
  ] as const) {
    it(`is read: ${text}`, () => {
      expect(parseLimits({}, text, machine)).to.deep.equal({ cgroupParent: path });
    });
  }

  for (const [text, message, hint] of [
    ['', /is no path of a control group$/, /below \/sys\/fs\/cgroup/],
    ['../x', /is no path/, /'\/batch'/],
    ['/a/../../b', /is no path/, /'\/batch'/],
    ['a\nb', /'a\\x0ab' is no path/, /'\/batch'/],
    ['a\0b', /NUL/, /remove it/],
    [`/${'x'.repeat(256)}`, /more than 255 bytes/, /shorter/],
    ['a--b.slice', /is no name of a slice/, /one '-'/],
    ['-a.slice', /is no name of a slice/, /one '-'/],
    ['.slice', /is no name of a slice/, /one '-'/],
    ['/sys/fs/cgroup', /begins with the place/, /^leave that out: '\/'$/],
    ['/sys/fs/cgroup/a/b', /begins with the place/, /^leave that out: '\/a\/b'$/],
  ] as const) {
    it(`is refused: ${JSON.stringify(text.slice(0, 40))}`, () => {
      const error = refusalOf(() => parseLimits({}, text, machine));
      expect(error.code).to.equal('ORLOP_E_INPUT');
      expect(error.message).to.match(message);
      expect(error.hint).to.match(hint);
    });
  }
});

describe('a list of processors', () => {
  const range = fc.tuple(fc.nat(300), fc.nat(40)).map(([first, more]) => [first, first + more] as const);

  it('has each of its numbers once, in order, in as few ranges as there can be', () => {
    const check = (ranges: readonly (readonly [number, number])[]) => {
      const text = ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
      const wanted = new Set(ranges.flatMap(([first, last]) => numbers(first, last)));
      const list = parseIdList('processor', text, null);
      const parts = list.split(',').map((part) => part.split('-').map(Number));
      const read = parts.flatMap(([first = 0, last = first]) => numbers(first, last));
      expect(read).to.deep.equal([...wanted].sort((one, other) => one - other));
      expect(countOf(list)).to.equal(wanted.size);
      expect(parts.length).to.equal(read.filter((id) => !wanted.has(id - 1)).length);
      expect(parseIdList('processor', list, list)).to.equal(list);
    };
    fc.assert(fc.property(fc.array(range, { minLength: 1, maxLength: 8 }), check), { numRuns: 300 });
  });
});

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
