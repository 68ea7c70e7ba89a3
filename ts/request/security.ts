import { posix } from 'node:path';
import { RequestError } from '../errors/index.ts';
import { checkPath } from './paths.ts';
import { noLabels } from './selinux.ts';
import { parsePaths, type Unmasked } from './system-paths.ts';
import { nearest, quote } from './text.ts';
import type { RequestContext, SecurityOptions } from './types.ts';

type Draft = { -readonly [Key in keyof SecurityOptions]: SecurityOptions[Key] };

const known = ['no-new-privileges', 'seccomp', 'apparmor', 'label', 'systempaths', 'mask', 'unmask'];

/**
 * Parses the values of `--security-opt`: `no-new-privileges[=true|false]`, `seccomp=default|unconfined|FILE`,
 * `apparmor=unconfined|PROFILE`, `systempaths=own|host|unconfined`, `mask=PATH[:PATH…]`, `unmask=ALL|PATH[:PATH…]`, and
 * `label=disable`, which orlop fulfils anyway.
 *
 * @param privileged the container is held by none of them, but for those that are named
 * @throws {RequestError} ORLOP_E_INPUT, ORLOP_E_KERNEL, ORLOP_E_LATER
 */
export function parseSecurity(
  options: readonly string[],
  context: RequestContext,
  privileged = false,
): SecurityOptions {
  const draft: Draft = privileged
    ? { noNewPrivileges: false, seccomp: 'unconfined', appArmor: 'unconfined', systemPaths: 'own', unmask: 'all' }
    : { noNewPrivileges: true, seccomp: 'default', systemPaths: 'own' };
  for (const option of options) {
    const [, name = '', value] = /^([^=:]*)(?:[=:](.*))?$/s.exec(option) ?? [];
    if (name === 'no-new-privileges') draft.noNewPrivileges = parseSwitch(option, value);
    else if (name === 'seccomp') draft.seccomp = parseSeccomp(option, value, context);
    else if (name === 'systempaths' && value === 'unconfined') draft.unmask = 'all';
    else if (name === 'systempaths') draft.systemPaths = parseSystemPaths(option, value);
    else if (name === 'mask') draft.mask = [...(draft.mask ?? []), ...parsePaths(option, value)];
    else if (name === 'unmask') draft.unmask = parseUnmask(option, value, draft.unmask);
    else if (name === 'apparmor') draft.appArmor = parseProfile(option, value);
    else if (name === 'label') refuseLabel(option, value, context);
    else throw unknown(option, name);
  }
  return draft;
}

function parseSwitch(option: string, value: string | undefined): boolean {
  if (value === undefined || value === 'true') return true;
  if (value === 'false') return false;
  throw new RequestError('ORLOP_E_INPUT', `the security option ${quote(option)} is neither true nor false`, {
    hint: `write 'no-new-privileges=false' to let set-id programs gain privileges`,
  });
}

function parseSeccomp(option: string, value: string | undefined, context: RequestContext): SecurityOptions['seccomp'] {
  if (value === undefined || value === '') {
    throw new RequestError('ORLOP_E_INPUT', `the security option ${quote(option)} has no value`, {
      hint: `write 'seccomp=unconfined' or 'seccomp=FILE'`,
    });
  }
  if (value === 'unconfined') return value;
  if (value === 'default' || value === 'builtin') return 'default';
  checkPath('ORLOP_E_INPUT', 'the seccomp profile', value);
  return { path: posix.resolve(context.cwd, value) };
}

/** Bytes: the executor has room for 512, with a word before the name. */
const longestProfile = 500;

function parseProfile(option: string, value: string | undefined): string {
  if (value === undefined || value === '') {
    throw new RequestError('ORLOP_E_INPUT', `the security option ${quote(option)} has no value`, {
      hint: `write 'apparmor=unconfined' or 'apparmor=PROFILE'`,
    });
  }
  if (/^\s|\s$|[\0-\x1f\x7f]/.test(value) || Buffer.byteLength(value) > longestProfile) {
    throw new RequestError('ORLOP_E_INPUT', `the security option ${quote(option)} names no profile of AppArmor`, {
      hint: `a name has at most ${longestProfile} bytes, and no control characters: 'sudo aa-status' lists the profiles`,
    });
  }
  return value;
}

/** Options of Docker and Podman, by the first word of the value. */
const labels = ['user', 'role', 'type', 'level', 'filetype', 'nested'];

function refuseLabel(option: string, value: string | undefined, context: RequestContext): void {
  if (value === 'disable') return;
  if (!labels.includes(value?.split(':', 1)[0] ?? '')) {
    throw new RequestError('ORLOP_E_INPUT', `the security option ${quote(option)} is no label`, {
      hint: `write 'label=disable', 'label=type:TYPE', 'label=level:LEVEL', 'label=user:USER' or 'label=role:ROLE'`,
    });
  }
  throw noLabels(`the security option ${quote(option)} asks for a label`, context);
}

function parseUnmask(option: string, value: string | undefined, before: Unmasked | undefined): Unmasked {
  if (before === 'all' || value === 'ALL' || value === 'all') return 'all';
  return [...(before ?? []), ...parsePaths(option, value)];
}

function parseSystemPaths(option: string, value: string | undefined): SecurityOptions['systemPaths'] {
  if (value === 'own' || value === 'host') return value;
  throw new RequestError('ORLOP_E_INPUT', `the security option ${quote(option)} is no way to show /proc and /sys`, {
    hint: `write 'systempaths=unconfined' to show all of them, or 'systempaths=host' for the caller's /proc and /sys, where no new ones can be mounted`,
  });
}

function unknown(option: string, name: string): RequestError {
  const close = nearest(name, known);
  return new RequestError('ORLOP_E_INPUT', `there is no security option ${quote(option)}`, {
    hint: close === undefined ? `options are ${known.map((one) => `'${one}'`).join(', ')}` : `did you mean '${close}'?`,
  });
}
