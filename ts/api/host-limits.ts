import type { DeviceRate } from '../request/device-rates.ts';
import type { Limits } from '../request/limits.ts';

/** The limits in Docker's `HostConfig`: 0 or an empty text for no bound, -1 for one that was taken off. Pure. */
export function hostLimits({ memory, swap, cpu, pids, deviceRates = [], ...limits }: Limits): Record<string, unknown> {
  const ratesOf = (kind: DeviceRate['kind']) =>
    deviceRates.filter((one) => one.kind === kind).map(({ path, rate }) => ({ Path: path, Rate: rate }));
  return {
    Memory: memory ?? 0,
    MemorySwap: memory === undefined ? 0 : swap === 'max' ? -1 : memory + (swap ?? memory),
    MemoryReservation: limits.memoryReservation ?? 0,
    // Both of Docker's forms, as in Podman: the record does not say which was given.
    NanoCpus: cpu === undefined ? 0 : Math.round((cpu.quota / cpu.period) * 1e9),
    CpuPeriod: cpu?.period ?? 0,
    CpuQuota: cpu?.quota ?? 0,
    CpuShares: limits.cpuShares ?? 0,
    CpusetCpus: limits.cpusetCpus ?? '',
    CpusetMems: limits.cpusetMems ?? '',
    PidsLimit: pids === 'max' ? -1 : (pids ?? null),
    BlkioWeight: limits.blkioWeight ?? 0,
    BlkioDeviceReadBps: ratesOf('rbps'),
    BlkioDeviceWriteBps: ratesOf('wbps'),
    BlkioDeviceReadIOps: ratesOf('riops'),
    BlkioDeviceWriteIOps: ratesOf('wiops'),
    CgroupParent: limits.cgroupParent ?? '',
    ...(limits.disk !== undefined && { StorageOpt: { size: `${limits.disk}` } }),
  };
}
