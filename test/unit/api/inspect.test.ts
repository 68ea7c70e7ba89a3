import { expect } from 'chai';
import { inspectContainer } from '../../../ts/api/inspect.ts';
import { compileTemplate } from '../../../ts/cli/template/render.ts';
import type { Limits } from '../../../ts/request/limits.ts';
import { container, record, request } from '../../support/records.ts';

const id = 'c0ffee'.repeat(11).slice(0, 64);
const store = {
  volumeData: (name: string) => `/s/volumes/${name}/_data`,
  diffPath: (layer: string) => `/s/layers/${layer}/diff`,
  workPath: (layer: string) => `/s/layers/${layer}/work`,
  mountPoint: (layer: string) => `/s/mnt/${layer}`,
};

describe('a container that is inspected', () => {
  for (const [template, text] of [
    ['{{.ID}}', id],
    ['{{.RestartCount}} {{.HostConfig.RestartPolicy.Name}}', '0 no'],
    ['{{.State.OOMKilled}} {{.State.Paused}} {{.State.Dead}} {{.State.Error}}', 'false false false '],
    ['{{.NetworkSettings.IPAddress}}|{{json .NetworkSettings.Ports}}', '|{}'],
    ['{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}', ''],
    ['{{.HostConfig.Privileged}} {{.HostConfig.Memory}}', 'false 0'],
    ['{{.HostConfig.CpuPeriod}} {{.HostConfig.CpusetCpus}}|{{.HostConfig.PidsLimit}}', '0 |<no value>'],
    ['{{json .HostConfig.BlkioDeviceReadBps}}{{.HostConfig.CgroupParent}}', '[]'],
  ] as const) {
    it(`has the fields of Docker's that scripts ask for: ${template}`, async () => {
      const stored = await container(record(id), 'durable');
      expect(compileTemplate(template)(inspectContainer(store, stored, ''))).to.equal(text);
    });
  }

  const hostConfig = async (limits: Limits) =>
    inspectContainer(store, await container(record(id, { request: request({ limits }) }), 'durable'), '').HostConfig;

  it('has the profile of AppArmor that its process has, or the one that it asks for', async () => {
    const profileOf = async (running: string, appArmor?: string) => {
      const { security } = request();
      const stored = await container(
        record(id, { request: request({ security: { ...security, appArmor } }) }),
        'durable',
      );
      return inspectContainer(store, stored, running).AppArmorProfile;
    };
    expect(await profileOf('')).to.equal('');
    expect(await profileOf('', 'mine')).to.equal('mine');
    expect(await profileOf('orlop-default')).to.equal('orlop-default');
    expect(await profileOf('unconfined', 'mine')).to.equal('unconfined');
  });

  it('has its limits', async () => {
    const limits: Limits = {
      memory: 1024 ** 3,
      swap: 1024,
      memoryReservation: 1024 ** 2,
      cpu: { quota: 30_000, period: 20_000 },
      cpuShares: 512,
      cpusetCpus: '0-2,4',
      cpusetMems: '0',
      pids: 64,
      blkioWeight: 300,
      disk: 2 ** 20,
      deviceRates: [
        { kind: 'rbps', path: '/dev/a', rate: 1 },
        { kind: 'wbps', path: '/dev/a', rate: 2 },
        { kind: 'riops', path: '/dev/a', rate: 3 },
        { kind: 'wiops', path: '/dev/a', rate: 4 },
        { kind: 'rbps', path: '/dev/b', rate: 5 },
      ],
      cgroupParent: '/batch',
    };
    expect(await hostConfig(limits)).to.deep.include({
      Memory: 1024 ** 3,
      MemorySwap: 1024 ** 3 + 1024,
      MemoryReservation: 1024 ** 2,
      NanoCpus: 1.5e9,
      CpuPeriod: 20_000,
      CpuQuota: 30_000,
      CpuShares: 512,
      CpusetCpus: '0-2,4',
      CpusetMems: '0',
      PidsLimit: 64,
      BlkioWeight: 300,
      BlkioDeviceReadBps: [
        { Path: '/dev/a', Rate: 1 },
        { Path: '/dev/b', Rate: 5 },
      ],
      BlkioDeviceWriteBps: [{ Path: '/dev/a', Rate: 2 }],
      BlkioDeviceReadIOps: [{ Path: '/dev/a', Rate: 3 }],
      BlkioDeviceWriteIOps: [{ Path: '/dev/a', Rate: 4 }],
      CgroupParent: '/batch',
      StorageOpt: { size: '1048576' },
    });
  });

  it('has the default of swap space, as much as memory, and -1 for a bound that was taken off', async () => {
    expect(await hostConfig({ memory: 1024 ** 3, swap: 'max', pids: 'max' })).to.include({
      MemorySwap: -1,
      PidsLimit: -1,
    });
    expect(await hostConfig({ memory: 1024 ** 3 })).to.include({ MemorySwap: 2 * 1024 ** 3 });
  });
});
