import { posix } from 'node:path';
import { RequestError } from '../errors/index.ts';
import { checkPath } from './paths.ts';
import { parsePaths, type Unmasked } from './system-paths.ts';
import { nearest, quote } from './text.ts';
import type { RequestContext, SecurityOptions } from './types.ts';

type Draft = { -readonly [Key in keyof SecurityOptions]: SecurityOptions[Key] };

/** Docker's and Podman's options of a later version, with what to do until then. */
const later: Readonly<Record<string, string>> = {
  apparmor: `leave it out: the application has the profile of orlop, as with 'apparmor=unconfined'`,
  label: `leave it out: the application has the label of orlop, as with 'label=disable'`,
};
const known = ['no-new-privileges', 'seccomp', 'systempaths', 'mask', 'unmask', ...Object.keys(later)];

/**
 * Parses the values of `--security-opt`: `no-new-privileges[=true|false]`, `seccomp=default|unconfined|FILE`,
 * `systempaths=own|host|unconfined`, `mask=PATH[:PATH…]`, `unmask=ALL|PATH[:PATH…]`. Options that orlop fulfils anyway (`apparmor=unconfined`, `label=disable`) are accepted.
 *
 * @param privileged the container is held by none of them, but for those that are named
 * @throws {RequestError} ORLOP_E_INPUT, ORLOP_E_LATER
 */
export function parseSecurity(
  options: readonly string[],
  context: RequestContext,
  privileged = false,
): SecurityOptions {
  const draft: Draft = privileged
    ? { noNewPrivileges: false, seccomp: 'unconfined', systemPaths: 'own', unmask: 'all' }
    : { noNewPrivileges: true, seccomp: 'default', systemPaths: 'own' };
  for (const option of options) {
    const [, name = '', value] = /^([^=:]*)(?:[=:](.*))?$/s.exec(option) ?? [];
    if (name === 'no-new-privileges') draft.noNewPrivileges = parseSwitch(option, value);
    else if (name === 'seccomp') draft.seccomp = parseSeccomp(option, value, context);
    else if (name === 'systempaths' && value === 'unconfined') draft.unmask = 'all';
    else if (name === 'systempaths') draft.systemPaths = parseSystemPaths(option, value);
    else if (name === 'mask') draft.mask = [...(draft.mask ?? []), ...parsePaths(option, value)];
    else if (name === 'unmask') draft.unmask = parseUnmask(option, value, draft.unmask);
    else if (!(name === 'apparmor' && value === 'unconfined') && !(name === 'label' && value === 'disable')) {
      throw unknown(option, name);
    }
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
  if (Object.hasOwn(later, name)) {
    return new RequestError('ORLOP_E_LATER', `the security option ${quote(option)} comes with a later version`, {
      hint: `until then: ${later[name]}`,
    });
  }
  const close = nearest(name, known);
  return new RequestError('ORLOP_E_INPUT', `there is no security option ${quote(option)}`, {
    hint:
      close === undefined
        ? `options are 'no-new-privileges', 'seccomp', 'systempaths', 'mask' and 'unmask'`
        : `did you mean '${close}'?`,
  });
}
