import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { type CapabilityName, capabilityNames } from '../linux/capabilities.ts';
import { ownCapabilities } from '../linux/own-capabilities.ts';
import { unlimited } from '../linux/rlimits.ts';
import type { Rights } from '../native/rights.ts';

let hard: bigint | undefined;

/** The caller's hard limit of open files. Node has raised the soft limit to it. */
export function hardNofile(): bigint {
  hard ??= parseNofile(readFileSync('/proc/self/limits', 'utf8'));
  return hard;
}

/** Reads the hard limit from `/proc/PID/limits`, proc_pid_limits(5). Pure. */
export function parseNofile(limits: string): bigint {
  const [, value = '1024'] = /^Max open files\s+\S+\s+(\S+)/m.exec(limits) ?? [];
  return value === 'unlimited' ? unlimited : BigInt(value);
}

/** The most capabilities that a container can get: the caller's permitted ones, or in a user namespace all. */
export function heldCapabilities({ kind }: Pick<Rights, 'kind'>): readonly CapabilityName[] {
  return kind === 'user' ? capabilityNames : ownCapabilities();
}

let thermal: Promise<readonly string[]> | undefined;

/** Thermal counters of the CPUs. They tell about the load of other containers, so they are masked. */
export function thermalPaths(): Promise<readonly string[]> {
  thermal ??= listThermalPaths().catch((error: unknown) => {
    // The next start tries again.
    thermal = undefined;
    throw error;
  });
  return thermal;
}

async function listThermalPaths(): Promise<readonly string[]> {
  const base = '/sys/devices/system/cpu';
  const names = existsSync(base) ? await readdir(base) : [];
  const cpus = names.filter((name) => /^cpu\d+$/.test(name));
  return cpus.map((name) => `${base}/${name}/thermal_throttle`).filter((path) => existsSync(path));
}
