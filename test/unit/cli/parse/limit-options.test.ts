import { expect } from 'chai';
import { cgroupParentOf, limitsOf } from '../../../../ts/cli/parse/limit-options.ts';
import { type Limits, parseLimits } from '../../../../ts/request/limits.ts';
import type { RunRequest } from '../../../../ts/request/types.ts';
import { fakeContainer, orlop } from '../../../support/fake-orlop.ts';
import { refusalOf } from '../../../support/refusal.ts';

const machine = { online: () => '0-3' };
const read = (values: Readonly<Record<string, string | readonly string[]>>) =>
  parseLimits(limitsOf(values), cgroupParentOf(values), machine);
const m = 1024 ** 2;

/** The limits that a command line hands on. */
async function requested(argv: readonly string[]): Promise<Limits | undefined> {
  const create = () => fakeContainer({ exitCode: 0, signal: null });
  const library = { createRequested: create, planRequested: () => ({ plan: {}, text: '' }) };
  const { calls } = await orlop(argv, { library });
  const call = calls.find(([name]) => name === 'createRequested' || name === 'planRequested') ?? [];
  return (call[1] as RunRequest | undefined)?.limits;
}

describe('the limits of a command line', () => {
  for (const command of ['run', 'create', 'plan']) {
    it(`are passed on by ${command}`, async () => {
      const words =
        '-m 1g --memory-swap 1536m --memory-reservation 512m --cpus .5 -c 512 --cpuset-cpus 0 --cpuset-mems 0 ' +
        '--pids-limit 64 --blkio-weight 100 --device-read-bps /dev/a:1m --device-read-bps /dev/b:1k ' +
        '--device-write-bps /dev/a:2m --device-read-iops /dev/a:3 --device-write-iops /dev/a:4 ' +
        '--storage-opt size=3m --cgroup-parent batch.slice host';
      expect(await requested([command, ...words.split(' ')])).to.deep.equal({
        memory: 1024 * m,
        swap: 512 * m,
        memoryReservation: 512 * m,
        cpu: { quota: 50_000, period: 100_000 },
        cpuShares: 512,
        cpusetCpus: '0',
        cpusetMems: '0',
        pids: 64,
        blkioWeight: 100,
        disk: 3 * m,
        deviceRates: [
          { kind: 'rbps', path: '/dev/a', rate: m },
          { kind: 'rbps', path: '/dev/b', rate: 1024 },
          { kind: 'wbps', path: '/dev/a', rate: 2 * m },
          { kind: 'riops', path: '/dev/a', rate: 3 },
          { kind: 'wiops', path: '/dev/a', rate: 4 },
        ],
        cgroupParent: '/batch.slice',
      });
      const quota = [command, '--cpu-period', '20000', '--cpu-quota', '10000', 'host'];
      expect(await requested(quota)).to.deep.equal({ cpu: { quota: 10_000, period: 20_000 } });
    });
  }

  for (const [values, limits] of [
    [{}, {}],
    [{ memory: '0', memorySwap: '0', memoryReservation: '0' }, {}],
    [{ cpus: '0', cpuShares: '0', cpuPeriod: '0', cpuQuota: '0', cpusetCpus: '', cpusetMems: '' }, {}],
    [{ cpus: '0.0', cpuQuota: '-1', blkioWeight: '0', cgroupParent: '' }, {}],
    [{ memory: '8m' }, { memory: 8 * m }],
    [{ memory: '8m', memorySwap: '0' }, { memory: 8 * m }],
    [
      { memory: '8m', memorySwap: '8m' },
      { memory: 8 * m, swap: 0 },
    ],
    [
      { memory: '8m', memorySwap: '9M' },
      { memory: 8 * m, swap: m },
    ],
    [
      { memory: '8m', memorySwap: '-1' },
      { memory: 8 * m, swap: 'max' },
    ],
    [{ memorySwap: '-1' }, {}],
    [{ memory: '0', memorySwap: '-1' }, {}],
    [{ pidsLimit: '0' }, { pids: 'max' }],
    [{ pidsLimit: '-1' }, { pids: 'max' }],
    [{ pidsLimit: '64' }, { pids: 64 }],
    [{ cpus: '1', cpuPeriod: '0', cpuQuota: '0' }, { cpu: { quota: 100_000, period: 100_000 } }],
    [{ cgroupParent: 'batch' }, { cgroupParent: '/batch' }],
  ] as const) {
    it(`are Docker's: ${JSON.stringify(values)}`, () => {
      expect(read(values)).to.deep.equal(limits);
    });
  }

  for (const [values, message, hint] of [
    [{ memorySwap: '1g' }, /^'--memory-swap 1g' is without '--memory'$/, /memory and swap space together/],
    [{ memory: '0', memorySwap: '1g' }, /is without '--memory'$/, /together/],
    [{ memory: '1g', memorySwap: '512m' }, /^'--memory-swap 512m' is less than '--memory 1g'$/, /-1 is no bound/],
    [{ memory: '1g', memorySwap: '-2' }, /^the limit of memory and swap space '-2' is not a size$/, /bytes/],
    [{ memory: '1g', memorySwap: '' }, /'' is not a size$/, /bytes/],
    [{ memory: '5m', memorySwap: '1g' }, /^the memory limit '5m' is below 6 MiB$/, /'6m'/],
    [{ memory: '0m' }, /^the memory limit '0m' is below 6 MiB$/, /'6m'/],
    [{ cpus: '' }, /^'' is no number of processors/, /'1\.5'/],
    [{ pidsLimit: '' }, /no whole number/, /-1/],
    [{ cpuQuota: '-5' }, /no whole number/, /-1/],
    [{ storageOpt: ['dm.x=1'] }, /^'--storage-opt dm.x=1' is no option of the storage$/, /'--storage-opt size=10g'/],
    [{ storageOpt: ['size=1m', 'size='] }, /^the size of the read-write layer '' is not a size$/, /'64m'/],
    [{ blkioWeight: '5' }, /no whole number from 10 to 1000/, /higher/],
  ] as const) {
    it(`are refused: ${JSON.stringify(values)}`, () => {
      const error = refusalOf(() => read(values));
      expect(error.code).to.equal('ORLOP_E_INPUT');
      expect(error.message).to.match(message);
      expect(error.hint).to.match(hint);
    });
  }
});
