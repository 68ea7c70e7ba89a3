import { RequestError } from '../errors/index.ts';
import { type CapabilityName, capabilityNames } from '../linux/capabilities.ts';
import { nearest, quote } from './text.ts';

/**
 * Parses `ALL`, or a capability such as `net_admin`, `NET_ADMIN` or `CAP_NET_ADMIN`, into the kernel's form.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseCapability(text: string): CapabilityName | 'ALL' {
  const short = text.toUpperCase().replace(/^CAP_/, '');
  if (short === 'ALL') return short;
  const name = capabilityNames.find((one) => one === `CAP_${short}`);
  if (name !== undefined) return name;
  const close = nearest(
    short,
    capabilityNames.map((one) => one.slice('CAP_'.length)),
  );
  throw new RequestError('ORLOP_E_INPUT', `there is no capability ${quote(text)}`, {
    hint: close === undefined ? 'capabilities(7) lists them' : `did you mean '${close}'?`,
  });
}
