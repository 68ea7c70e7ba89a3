import { RequestError } from '../errors/index.ts';
import type { ImageConfig, ResolvedUser } from '../images/types.ts';
import type { UserRequest } from '../images/users/read-users.ts';
import type { CapabilityName } from '../linux/capabilities.ts';
import type { NativeCommand } from '../native/contract.ts';
import { addRange, type IdMaps, isMapped, isOneId } from '../native/ids.ts';
import { neededCapabilities } from '../plan/defaults.ts';
import type { ProcessRecord } from '../record/schema.ts';
import type { RunRequest } from '../request/types.ts';
import { capabilitiesAfter } from './facts.ts';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Merges the request with the image's configuration into the process to start.
 *
 * @throws RequestError ORLOP_E_INPUT when neither names a command, or the image's configuration holds a NUL
 */
export function processOf(
  request: RunRequest,
  config: ImageConfig,
  user: ResolvedUser,
  hostname: string,
): ProcessRecord {
  for (const text of [...config.entrypoint, ...config.cmd, ...config.env, config.workingDir]) refuseNul(request, text);
  return {
    argv: argvOf(request, config),
    env: environmentOf(request, config, user, hostname),
    cwd: request.workdir ?? (config.workingDir || '/'),
    uid: user.uid,
    gid: user.gid,
    groups: user.groups,
  };
}

/** What is to be looked up in the image for the user of the application. Pure. */
export function userRequest(
  { user, groupAdd = [] }: Pick<RunRequest, 'user' | 'groupAdd'>,
  config: Pick<ImageConfig, 'user'>,
): UserRequest {
  return { spec: user ?? config.user, groupAdd };
}

/**
 * Refuses a limit of processes for root, which the kernel does not hold to it (setrlimit(2)). Root of a user namespace is
 * another user for the kernel, unless its ID is the same.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function refuseVainLimit(
  { ulimits, userns }: Pick<RunRequest, 'ulimits' | 'userns'>,
  { uid }: Pick<ResolvedUser, 'uid'>,
): void {
  const isRoot = uid === 0 && (typeof userns !== 'object' || userns.first?.user === 0);
  const limit = isRoot ? ulimits.find(({ name, soft }) => name === 'nproc' && soft >= 0) : undefined;
  if (limit === undefined) return;
  throw new RequestError('ORLOP_E_INPUT', `the limit 'nproc=${limit.soft}' does not hold for root`, {
    hint: 'choose another user (--user), or leave the limit out',
  });
}

/**
 * Refuses a user or group that the caller's user namespace has not: the kernel's error is an EINVAL.
 *
 * @throws RequestError ORLOP_E_PERMISSION
 */
export function refuseUnmapped(
  { uid, gid, groups }: Pick<ResolvedUser, 'uid' | 'gid' | 'groups'>,
  { users, groups: ids }: IdMaps,
): void {
  const group = [gid, ...groups].find((id) => !isMapped(ids, id));
  const missing = !isMapped(users, uid) ? `user ${uid}` : group === undefined ? null : `group ${group}`;
  if (missing === null) return;
  const end = users.reduce((last, { inside, count }) => Math.max(last, inside + count), 0);
  const range = isOneId(users) ? addRange : `choose an ID below ${end}`;
  throw new RequestError('ORLOP_E_PERMISSION', `the user namespace of the container has no ${missing}`, {
    hint: `${range}; or run as root in the container: --user 0`,
  });
}

/**
 * Refuses a caller that lacks what every start takes, such as root in a container.
 *
 * @throws RequestError ORLOP_E_PERMISSION
 */
export function requireCapabilities({ network }: Pick<RunRequest, 'network'>, held: readonly CapabilityName[]): void {
  const spared = network === 'host' ? ['CAP_NET_ADMIN'] : [];
  const lacking = neededCapabilities.filter((name) => !held.includes(name) && !spared.includes(name));
  if (lacking.length === 0) return;
  throw new RequestError(
    'ORLOP_E_PERMISSION',
    `a container takes ${lacking.join(', ')}, which the caller does not hold`,
    {
      hint: `inside another container: give it these capabilities, and 'orlop doctor' says what else is missing`,
    },
  );
}

/**
 * Refuses capabilities that root in the container cannot get, because the caller does not hold them. Another user gets
 * none.
 *
 * @throws RequestError ORLOP_E_PERMISSION
 */
export function refuseLacking(
  { capabilities }: Pick<RunRequest, 'capabilities'>,
  { uid }: Pick<ResolvedUser, 'uid'>,
  held: readonly CapabilityName[],
): void {
  const lacking = uid === 0 ? capabilitiesAfter(capabilities, held).filter((name) => !held.includes(name)) : [];
  if (lacking.length === 0) return;
  const drops = lacking.map((name) => `--cap-drop ${name.slice('CAP_'.length)}`).join(' ');
  throw new RequestError('ORLOP_E_PERMISSION', `the caller does not hold ${lacking.join(', ')} and cannot give it`, {
    hint: `run orlop with it, or make the container without: ${drops}`,
  });
}

/** Refuses a NUL of an image: the kernel ends a text at the first NUL, and a hole begins with one (`plan/holes.ts`). */
function refuseNul({ image }: RunRequest, text: string): void {
  if (!text.includes('\0')) return;
  throw new RequestError(
    'ORLOP_E_INPUT',
    `the configuration of image '${image}' holds a NUL in ${JSON.stringify(text)}`,
    {
      hint: 'build the image again without it',
    },
  );
}

/** An entrypoint of the request replaces the image's command too, as in Docker: it goes with the image's entrypoint. */
function argvOf(request: RunRequest, config: ImageConfig): string[] {
  const entrypoint = request.entrypoint ?? config.entrypoint;
  const command = request.argv.length > 0 || request.entrypoint !== null ? request.argv : config.cmd;
  const argv = [...entrypoint, ...command];
  if (argv.length === 0) {
    throw new RequestError('ORLOP_E_INPUT', `no command for a container of image '${request.image}'`, {
      hint: 'the image has none of its own: write one behind the image',
    });
  }
  return argv;
}

function environmentOf(request: RunRequest, config: ImageConfig, user: ResolvedUser, hostname: string): string[] {
  const variables = new Map<string, string>([
    ['PATH', defaultPath],
    ['HOSTNAME', hostname],
    ['HOME', user.home],
  ]);
  for (const entry of config.env) {
    const equals = entry.indexOf('=');
    if (equals > 0) variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  for (const { name, value } of request.env) {
    if (value === null) variables.delete(name);
    else variables.set(name, value);
  }
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

/** The command of a process in the form that a launch takes. Pure. */
export function commandOf(process: Pick<ProcessRecord, 'argv' | 'env'>): NativeCommand {
  const { argv, env } = process;
  return { candidates: candidatesOf(process), argv, env };
}

/** Paths at which execve looks for the application: argv[0] if it has a slash, otherwise one for each part of PATH. */
export function candidatesOf(process: Pick<ProcessRecord, 'argv' | 'env'>): string[] {
  const program = process.argv[0] ?? '';
  if (program.includes('/')) return [program];
  const path = process.env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? defaultPath;
  return path.split(':').map((directory) => `${directory === '' ? '.' : directory}/${program}`);
}
