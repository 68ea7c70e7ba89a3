import type { ContainerSummary } from '../../api/types.ts';

type Limits = ContainerSummary['limits'];

const units = ['k', 'm', 'g', 't'];

/**
 * The limits of a container in a line, in the words of the library. Pure.
 *
 * @example limitsText({ memory: 1024 ** 3, pids: 64 }) // → 'memory=1g,pids=64'
 */
export function limitsText({ cpu, deviceRates = [], ...limits }: Limits): string {
  const sizes = new Set(['memory', 'swap', 'memoryReservation', 'output', 'disk']);
  const plain = Object.entries(limits).map(
    ([name, value]) => `${name}=${typeof value === 'number' && sizes.has(name) ? sizeText(value) : value}`,
  );
  const cpus = cpu === undefined || cpu.quota < 0 ? [] : [`cpus=${Number((cpu.quota / cpu.period).toFixed(3))}`];
  return [...cpus, ...plain, ...deviceRates.map(({ kind, path, rate }) => `${kind}=${path}:${rate}`)].sort().join(',');
}

/** As the command line takes it, exactly: `512m`. */
function sizeText(bytes: number): string {
  let size = bytes;
  let unit = '';
  for (const next of units) {
    if (size === 0 || size % 1024 !== 0) break;
    size /= 1024;
    unit = next;
  }
  return `${size}${unit}`;
}
