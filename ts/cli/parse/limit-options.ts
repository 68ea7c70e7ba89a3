import { RequestError } from '../../errors/index.ts';
import { parseMemory } from '../../request/memory-limits.ts';
import { parseSize } from '../../request/size.ts';
import { quote } from '../../request/text.ts';
import type { LimitOptions } from '../../request/types.ts';
import { type CommandOption, text, texts, type Values } from '../command.ts';

/** Bounds on what a container takes from the machine. */
export const limitOptions: readonly CommandOption[] = [
  { flags: '-m, --memory <size>', text: 'Most memory: 512m; at least 6m' },
  { flags: '--memory-swap <size>', text: 'Most memory and swap space together (twice the memory); -1: no bound' },
  { flags: '--memory-reservation <size>', text: 'Memory that is taken from the container last' },
  { flags: '--cpus <n>', text: 'Most processors: 1.5 is the time of one and a half' },
  { flags: '-c, --cpu-shares <n>', text: 'Share of processors when they are short (1024)' },
  { flags: '--cpu-period <microseconds>', text: 'Period of --cpu-quota (100000)' },
  { flags: '--cpu-quota <microseconds>', text: 'Most time of processors in each period; -1: no bound' },
  { flags: '--cpuset-cpus <list>', text: 'Processors to run on: 0-2,4' },
  { flags: '--cpuset-mems <list>', text: 'Memory nodes to use: 0,1' },
  { flags: '--pids-limit <n>', text: 'Most processes and threads (2048); -1: no bound' },
  { flags: '--blkio-weight <n>', text: 'Share of the time of disks, 10 to 1000' },
  { flags: '--device-read-bps <rate>', text: 'Most bytes in a second read from a device: /dev/sda:1m', many: true },
  { flags: '--device-write-bps <rate>', text: 'Most bytes in a second written to a device', many: true },
  { flags: '--device-read-iops <rate>', text: 'Most reads in a second from a device: /dev/sda:100', many: true },
  { flags: '--device-write-iops <rate>', text: 'Most writes in a second to a device', many: true },
  { flags: '--storage-opt <option>', text: 'size=10g: most space for what the container writes', many: true },
  { flags: '--cgroup-parent <path>', text: "Control group to make the container's in: /batch, or batch.slice" },
];

/**
 * The values of `limitOptions`, as the library has them. A value that is Docker's default asks for nothing.
 *
 * @throws {RequestError} ORLOP_E_INPUT for a value of `--memory-swap`
 */
export function limitsOf(values: Values): LimitOptions {
  const memory = numberOf(values, 'memory');
  return {
    memory,
    swap: swapOf(numberOf(values, 'memorySwap'), memory),
    memoryReservation: numberOf(values, 'memoryReservation'),
    cpus: numberOf(values, 'cpus'),
    cpuShares: numberOf(values, 'cpuShares'),
    cpuPeriod: numberOf(values, 'cpuPeriod'),
    cpuQuota: numberOf(values, 'cpuQuota'),
    cpusetCpus: text(values, 'cpusetCpus') || undefined,
    cpusetMems: text(values, 'cpusetMems') || undefined,
    pids: pidsOf(text(values, 'pidsLimit')),
    blkioWeight: numberOf(values, 'blkioWeight'),
    disk: diskOf(texts(values, 'storageOpt')),
    deviceReadBps: texts(values, 'deviceReadBps'),
    deviceWriteBps: texts(values, 'deviceWriteBps'),
    deviceReadIops: texts(values, 'deviceReadIops'),
    deviceWriteIops: texts(values, 'deviceWriteIops'),
  };
}

/** Docker's and Podman's options of the storage driver: there is one for each container. */
function diskOf(given: readonly string[]): string | undefined {
  let size: string | undefined;
  for (const option of given) {
    if (!option.startsWith('size=')) {
      throw new RequestError('ORLOP_E_INPUT', `${quote(`--storage-opt ${option}`)} is no option of the storage`, {
        hint: `write '--storage-opt size=10g'`,
      });
    }
    size = option.slice('size='.length);
  }
  return size;
}

export function cgroupParentOf(values: Values): string | undefined {
  return text(values, 'cgroupParent') || undefined;
}

/** Value of an option whose default is 0 in Docker; undefined for that. */
function numberOf(values: Values, name: string): string | undefined {
  const value = text(values, name);
  return value !== undefined && isZero(value) ? undefined : value;
}

/** No bound is 0 in Docker, and -1; without the option, orlop has a bound. */
function pidsOf(value: string | undefined): string | undefined {
  return value !== undefined && isZero(value) ? '-1' : value;
}

function isZero(value: string): boolean {
  return /^0+(\.0*)?$/.test(value);
}

/** Swap space beyond memory, of Docker's value for both together. */
function swapOf(both: string | undefined, memory: string | undefined): number | string | undefined {
  if (both === undefined) return undefined;
  if (both === '-1') return both;
  const bytes = parseSize('the limit of memory and swap space', both);
  if (memory === undefined) {
    throw new RequestError('ORLOP_E_INPUT', `${quote(`--memory-swap ${both}`)} is without '--memory'`, {
      hint: "it is memory and swap space together: '--memory 512m --memory-swap 768m' has 256m of swap space",
    });
  }
  const swap = bytes - parseMemory('the memory limit', memory);
  if (swap >= 0) return swap;
  throw new RequestError(
    'ORLOP_E_INPUT',
    `${quote(`--memory-swap ${both}`)} is less than ${quote(`--memory ${memory}`)}`,
    {
      hint: 'it is memory and swap space together; -1 is no bound',
    },
  );
}
