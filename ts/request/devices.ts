import { RequestError } from '../errors/index.ts';
import { type DeviceRule, maxMajor, maxMinor } from '../linux/device-rules.ts';
import { checkPath, cleanPath, parseTarget } from './paths.ts';
import { quote } from './text.ts';
import type { DeviceInput, DeviceSpec } from './types.ts';

/** Parts of the `/dev` of a container that are its own, and not those of the host. */
const own = ['fd', 'mqueue', 'ptmx', 'pts', 'shm', 'stderr', 'stdin', 'stdout'].map((name) => `/dev/${name}`);

/**
 * Parses a value of `--device`: `HOST[:CONTAINER][:rwm]`.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseDevice(text: string): DeviceSpec {
  const parts = text.split(':');
  const [host = '', second, third] = parts;
  if (parts.length === 2 && second !== undefined && isAccess(second)) {
    return deviceFromInput({ host, permissions: second });
  }
  if (parts.length > 3) {
    throw new RequestError('ORLOP_E_INPUT', `the device ${quote(text)} has more than three parts`, { hint: grammar });
  }
  return deviceFromInput({ host, container: second, permissions: third });
}

const grammar = `write 'HOST[:CONTAINER][:rwm]', as '/dev/fuse' or '/dev/sda:/dev/disk:r'`;

/**
 * The same for an object.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function deviceFromInput({ host, container = host, permissions = 'rwm' }: DeviceInput): DeviceSpec {
  if (!isAccess(permissions)) {
    throw new RequestError('ORLOP_E_INPUT', `the device ${quote(host)} has the permissions ${quote(permissions)}`, {
      hint: 'permissions are r (read), w (write) and m (mknod), each once',
    });
  }
  const spec = { host: pathOf(host), container: parseTarget('a device', pathOf(container)), permissions };
  if (!own.some((one) => isAt(spec, one))) return spec;
  throw new RequestError('ORLOP_E_INPUT', `no device can be at ${quote(spec.container)}: the container has its own`, {
    hint: 'name another place behind a colon',
  });
}

function isAt({ container }: DeviceSpec, path: string): boolean {
  return container === path || container.startsWith(`${path}/`);
}

function isAccess(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

function pathOf(path: string): string {
  checkPath('ORLOP_E_INPUT', 'the path of a device', path);
  if (path.startsWith('/')) return cleanPath(path);
  const hint = path.includes('=') ? 'names of vendors (CDI) are not known: name the device files' : grammar;
  throw new RequestError('ORLOP_E_INPUT', `the path of the device ${quote(path)} is not absolute`, { hint });
}

/**
 * Parses a value of `--device-cgroup-rule`: `c 1:3 rwm`, `b 8:* r`, `a *:* rwm`.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseDeviceRule(text: string): DeviceRule {
  const [, type, first = '', second = '', access = ''] = /^([abc]) (\d+|\*):(\d+|\*) ([rwm]+)$/.exec(text) ?? [];
  if (type === undefined || !isAccess(access)) {
    throw new RequestError('ORLOP_E_INPUT', `${quote(text)} is no rule for devices`, {
      hint: `write 'TYPE MAJOR:MINOR ACCESS', as 'c 10:229 rwm' or 'b 8:* r'`,
    });
  }
  const major = numberOf(text, first, maxMajor);
  return { type: type as DeviceRule['type'], major, minor: numberOf(text, second, maxMinor), access };
}

function numberOf(rule: string, text: string, most: number): number | null {
  if (text === '*') return null;
  const number = Number(text);
  if (number <= most) return number;
  throw new RequestError('ORLOP_E_INPUT', `the rule for devices ${quote(rule)} has the number ${text}`, {
    hint: `a major number is at most ${maxMajor}, a minor one at most ${maxMinor}`,
  });
}
