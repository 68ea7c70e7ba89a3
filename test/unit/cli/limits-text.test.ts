import { expect } from 'chai';
import { limitsText } from '../../../ts/cli/output/limits-text.ts';

describe('the limits of a container in a line', () => {
  for (const [limits, text] of [
    [{}, ''],
    [{ memory: 1024 ** 3, swap: 0, pids: 64 }, 'memory=1g,pids=64,swap=0'],
    [{ memory: 1000, swap: 'max', disk: 1536 * 1024 }, 'disk=1536k,memory=1000,swap=max'],
    [
      { cpu: { quota: 50_000, period: 100_000 }, cpuShares: 512, cpusetCpus: '0-1' },
      'cpuShares=512,cpus=0.5,cpusetCpus=0-1',
    ],
    [{ cpu: { quota: -1, period: 5000 }, pids: 'max' }, 'pids=max'],
    [{ deviceRates: [{ kind: 'rbps', path: '/dev/a', rate: 1024 }] }, 'rbps=/dev/a:1024'],
    [{ cpuTime: 1024, wallTime: 2048, output: 2048 }, 'cpuTime=1024,output=2k,wallTime=2048'],
  ] as const) {
    it(`is '${text}' for ${JSON.stringify(limits)}`, () => {
      expect(limitsText(limits)).to.equal(text);
    });
  }
});
