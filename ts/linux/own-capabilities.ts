import { readFileSync } from 'node:fs';
import { type CapabilityName, capabilitiesOf, capabilityNames } from './capabilities.ts';
import { readIfAny } from './read-if-any.ts';

let permitted: readonly CapabilityName[] | undefined;

/** The permitted capabilities of this process, read once. */
export function ownCapabilities(): readonly CapabilityName[] {
  permitted ??= parsePermitted(readFileSync('/proc/self/status', 'utf8'));
  return permitted;
}

/** All capabilities of this kernel. */
export function capabilitiesOfKernel(): readonly CapabilityName[] {
  const last = Number.parseInt(readIfAny('/proc/sys/kernel/cap_last_cap'), 10);
  return Number.isNaN(last) ? capabilityNames : capabilityNames.slice(0, last + 1);
}

/** Reads the permitted capabilities from `/proc/PID/status`, proc_pid_status(5). Pure. */
export function parsePermitted(status: string): readonly CapabilityName[] {
  const [, set = '0'] = /^CapPrm:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  const names = new Set(capabilitiesOf(BigInt(`0x${set}`)));
  return capabilityNames.filter((name) => names.has(name));
}
