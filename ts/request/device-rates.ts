import { RequestError } from '../errors/index.ts';
import { checkPath, cleanPath } from './paths.ts';
import { parseSize } from './size.ts';
import { quote } from './text.ts';
import type { DeviceRates, LimitOptions } from './types.ts';
import { parseWholeNumber } from './whole-number.ts';

/** Bound on what a container reads from a disk or writes to it. */
export interface DeviceRate {
  /** Bytes (`bps`) or operations (`iops`) in a second, read or written: the names in `io.max`. */
  readonly kind: 'rbps' | 'wbps' | 'riops' | 'wiops';
  /** Absolute, cleaned path of the device on the host. */
  readonly path: string;
  /** Bytes or operations in a second. */
  readonly rate: number;
}

const options = {
  rbps: 'deviceReadBps',
  wbps: 'deviceWriteBps',
  riops: 'deviceReadIops',
  wiops: 'deviceWriteIops',
} as const satisfies Record<DeviceRate['kind'], keyof LimitOptions>;

/**
 * Parses the bounds on devices: each kind and path once, with its last rate.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseDeviceRates(given: LimitOptions): readonly DeviceRate[] {
  const rates = new Map<string, DeviceRate>();
  for (const kind of Object.keys(options) as DeviceRate['kind'][]) {
    for (const [device, rate] of entriesOf(given[options[kind]] ?? [])) {
      const path = pathOf(device);
      rates.set(`${kind} ${path}`, { kind, path, rate: rateOf(kind, path, rate) });
    }
  }
  return [...rates.values()];
}

function entriesOf(rates: DeviceRates): readonly (readonly [path: string, rate: number | string])[] {
  if (!isList(rates)) return Object.entries(rates);
  return rates.map((text) => {
    // Names of links to disks have colons: /dev/disk/by-path/pci-0000:00:1f.2-ata-1.
    const at = text.lastIndexOf(':');
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
    throw new RequestError('ORLOP_E_INPUT', `the device ${quote(text)} has no rate`, {
      hint: `write 'PATH:RATE', as '/dev/sda:1m'`,
    });
  });
}

function pathOf(device: string): string {
  checkPath('ORLOP_E_INPUT', 'the path of a device', device);
  if (!device.startsWith('/')) {
    throw new RequestError('ORLOP_E_INPUT', `the path of the device ${quote(device)} is not absolute`, {
      hint: `write it as '/dev/sda'`,
    });
  }
  return cleanPath(device);
}

function rateOf(kind: DeviceRate['kind'], path: string, given: number | string): number {
  const what = `the rate of ${quote(path)}`;
  if (kind.endsWith('iops')) {
    return parseWholeNumber(what, given, { from: 1, hint: 'operations in a second; leave it out for no bound' });
  }
  const rate = parseSize(what, given);
  if (rate >= 1) return rate;
  throw new RequestError('ORLOP_E_INPUT', `${what} is 0`, { hint: 'bytes in a second; leave it out for no bound' });
}

function isList(rates: DeviceRates): rates is readonly string[] {
  return Array.isArray(rates);
}
