import * as v from 'valibot';
import { RequestError } from '../errors/index.ts';
import { parseCapability } from './capability.ts';
import { deviceFromInput, parseDevice, parseDeviceRule } from './devices.ts';
import { envEntry, mergeEnv, parseEnv } from './environment.ts';
import { parseIsolation } from './isolation.ts';
import { labelsFromEntries, parseLabels } from './labels.ts';
import { parseLimits } from './limits.ts';
import { uniqueTargets } from './mounts.ts';
import { type ExtraHost, extraHost, parseDns, parseExtraHost } from './name-resolution.ts';
import {
  parseAddedGroup,
  parseContainerName,
  parseHostname,
  parseNamespace,
  parseNetwork,
  parseUser,
} from './names.ts';
import { parseOomScoreAdj } from './oom-score.ts';
import { otherLimits, otherOptions } from './other-options.ts';
import { parseWorkdir } from './paths.ts';
import { limitNames, runOptionsSchema } from './schema.ts';
import { parseSecurity } from './security.ts';
import { parseSize } from './size.ts';
import { parseSignal, parseStopTimeout } from './stop.ts';
import { checkSysctls, parseSysctl, sysctlOf } from './sysctl.ts';
import { checkText, nearest, quote } from './text.ts';
import { parseTmpfs, tmpfsFromInput } from './tmpfs.ts';
import type { EnvEntry, MountSpec, RequestContext, RunOptions, RunRequest, Sysctl } from './types.ts';
import { mergeUlimits, parseUlimit } from './ulimit.ts';
import { parseUserNamespace } from './user-namespace.ts';
import { recallVolume, volumeFromInput } from './volume.ts';

const optionNames = [...Object.keys(runOptionsSchema.entries), 'source', 'target', 'recursive', 'propagation', 'size'];
const defaultShmSize = 64 * 1024 * 1024;

/**
 * Checks a request as far as possible without an image, a volume or the kernel. `options` is untrusted: its type is
 * checked too.
 *
 * @throws {RequestError} with the option and the value
 * @example parseRunOptions('debian:trixie', ['sh'], { volumes: ['/test'] }, { cwd: process.cwd(), env: process.env })
 */
export function parseRunOptions(
  image: string,
  argv: readonly string[],
  options: RunOptions,
  context: RequestContext,
): RunRequest {
  const given = checkShape(runOptionsSchema, options);
  const { mounts, tmpfs } = uniqueTargets(
    volumesOf(given, context),
    (given.tmpfs ?? []).map((one) =>
      typeof one === 'string' ? parseTmpfs(one, context) : tmpfsFromInput(one, context),
    ),
  );
  const security = parseSecurity(given.securityOpt ?? [], context, given.privileged);
  const network = parseNetwork(given.network ?? 'none');
  return {
    ...parseProcess(argv, given, context),
    image: checkImage(image),
    name: optional(given.name, parseContainerName),
    rm: given.rm ?? false,
    mounts,
    tmpfs,
    hostname: optional(given.hostname, parseHostname),
    entrypoint: optional(given.entrypoint, parseEntrypoint),
    readOnly: given.readOnly ?? false,
    capabilities: {
      add: unique([...(given.privileged ? ['ALL'] : []), ...(given.capAdd ?? [])].map(parseCapability)),
      drop: unique((given.capDrop ?? []).map(parseCapability)),
    },
    security,
    ulimits: mergeUlimits((given.ulimits ?? []).map(parseUlimit)),
    limits: parseLimits(given.limits ?? {}, given.cgroupParent, context),
    sysctls: checkSysctls(sysctlsOf(given), { network, security }),
    oomScoreAdj: parseOomScoreAdj(given.oomScoreAdj ?? 0),
    network,
    extraHosts: extraHostsOf(given),
    dns: parseDns({ servers: given.dns ?? [], search: given.dnsSearch ?? [], options: given.dnsOptions ?? [] }),
    groupAdd: unique((given.groupAdd ?? []).map(parseAddedGroup)),
    pid: parseNamespace('pid', given.pid ?? ''),
    cgroupns: parseNamespace('cgroupns', given.cgroupns ?? ''),
    interactive: given.interactive ?? false,
    stopSignal: optional(given.stopSignal, parseSignal),
    stopTimeout: optional(given.stopTimeout, parseStopTimeout),
    labels: isList(given.labels) ? parseLabels(given.labels) : labelsFromEntries(Object.entries(given.labels ?? {})),
    shmSize: given.shmSize === undefined ? defaultShmSize : parseSize('the size of /dev/shm', given.shmSize),
    userns: parseUserNamespace(given.userns ?? ''),
    devices: (given.devices ?? []).map((one) => (typeof one === 'string' ? parseDevice(one) : deviceFromInput(one))),
    deviceRules: (given.deviceCgroupRules ?? []).map(parseDeviceRule),
    privileged: given.privileged ?? false,
    isolation: parseIsolation(given.isolation ?? []),
  };
}

/** The part of a request that a waiting container can still take. The rest was fixed when the container was made. */
export type ApplicationRequest = Pick<RunRequest, 'argv' | 'env' | 'user' | 'workdir' | 'mounts'>;

export type ApplicationOptions = Pick<RunOptions, 'env' | 'user' | 'workdir' | 'volumes'>;

const applicationOptionsSchema = v.pick(runOptionsSchema, ['env', 'user', 'workdir', 'volumes']);

/** Parses like `parseRunOptions`, for a request to a waiting container. */
export function parseApplicationOptions(
  argv: readonly string[],
  options: ApplicationOptions,
  context: RequestContext,
): ApplicationRequest {
  const given = checkShape(applicationOptionsSchema, options);
  return { ...parseProcess(argv, given, context), mounts: uniqueTargets(volumesOf(given, context), []).mounts };
}

/** A command for a running container. Null: as of its application. */
export type ExecRequest = Omit<ApplicationRequest, 'mounts'>;

const execOptionsSchema = v.pick(runOptionsSchema, ['env', 'user', 'workdir']);

/** Parses like `parseRunOptions`, for a command in a running container. */
export function parseExecOptions(
  argv: readonly string[],
  options: Omit<ApplicationOptions, 'volumes'>,
  context: RequestContext,
): ExecRequest {
  return parseProcess(argv, checkShape(execOptionsSchema, options), context);
}

function parseProcess(argv: readonly string[], given: RunOptions, context: RequestContext): ExecRequest {
  return {
    argv: checkArguments('the command', argv),
    env: given.env === undefined ? [] : mergeEnv(environment(given.env, context)),
    workdir: optional(given.workdir, parseWorkdir),
    user: optional(given.user, parseUser),
  };
}

function volumesOf({ volumes = [] }: RunOptions, context: RequestContext): MountSpec[] {
  return volumes.map((one) => (typeof one === 'string' ? recallVolume(one, context) : volumeFromInput(one, context)));
}

function extraHostsOf({ extraHosts = [] }: RunOptions): ExtraHost[] {
  if (isList(extraHosts)) return extraHosts.map(parseExtraHost);
  return Object.entries(extraHosts).map(([name, address]) => extraHost(name, address));
}

function sysctlsOf({ sysctls = [] }: RunOptions): Sysctl[] {
  if (isList(sysctls)) return sysctls.map(parseSysctl);
  return Object.entries(sysctls).map(([name, value]) => sysctlOf(name, value));
}

function checkShape(schema: v.GenericSchema<unknown, RunOptions>, options: unknown): RunOptions {
  const result = v.safeParse(schema, options);
  if (result.success) return result.output;
  throw shapeError(result.issues[0], []);
}

/** For a value that may be a string or an object, the error of the object is more specific. */
function shapeError(issue: v.BaseIssue<unknown>, above: readonly string[]): RequestError {
  const path = [...above, ...(issue.path ?? []).map((item) => String(item.key))];
  const inner = issue.issues?.find((one) => one.path !== undefined);
  if (issue.type === 'union' && inner !== undefined) return shapeError(inner, path);
  if (issue.type === 'strict_object' && issue.expected === 'never') return noOption(path);
  const name = quote(path.join('.') || 'options');
  const missing = issue.type === 'strict_object' && issue.input === undefined;
  if (missing) return new RequestError('ORLOP_E_INPUT', `the option ${name} is missing`);
  return new RequestError(
    'ORLOP_E_INPUT',
    `the option ${name} is ${inWords(issue.received)}, expected ${expected(issue)}`,
  );
}

/** What an issue expects, in words. */
function expected(issue: v.BaseIssue<unknown>): string {
  if (issue.issues !== undefined) return [...new Set(issue.issues.map(expected))].join(' or ');
  if (issue.type === 'custom') return issue.message;
  return inWords(issue.expected ?? 'something else');
}

/** The validator's names of types, and the words for a caller. */
const words: Readonly<Record<string, string>> = {
  Array: 'a list',
  Object: 'an object',
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
};

function inWords(type: string): string {
  return Object.hasOwn(words, type) ? (words[type] ?? type) : type;
}

function noOption(path: readonly string[]): RequestError {
  const name = path.at(-1) ?? '';
  const what = quote(path.join('.'));
  const isLimit = path[0] === 'limits';
  const others = isLimit ? otherLimits : path.length === 1 ? otherOptions : {};
  const known = Object.hasOwn(others, name) ? others[name] : undefined;
  if (known?.later) {
    return new RequestError('ORLOP_E_LATER', `the option ${what} comes with a later version`, { hint: known.hint });
  }
  const close = known === undefined ? nearest(name, isLimit ? limitNames : optionNames) : undefined;
  return new RequestError('ORLOP_E_INPUT', `there is no option ${what}`, {
    hint: known?.hint ?? (close === undefined ? undefined : `did you mean '${close}'?`),
  });
}

function checkImage(image: unknown): string {
  if (typeof image !== 'string' || image === '') {
    throw new RequestError('ORLOP_E_REFERENCE', 'no image is named', {
      hint: `name one, as 'debian:trixie', or 'host'`,
    });
  }
  checkText('ORLOP_E_REFERENCE', 'the image', image);
  return image;
}

function checkArguments(what: string, argv: unknown): readonly string[] {
  if (!isList(argv) || argv.some((argument) => typeof argument !== 'string')) {
    throw new RequestError('ORLOP_E_INPUT', `${what} is not a list of strings`, { hint: `write ['sh', '-c', '…']` });
  }
  for (const argument of argv) checkText('ORLOP_E_INPUT', `an argument of ${what}`, argument);
  return [...argv];
}

function* environment(env: RunOptions['env'], context: RequestContext): Iterable<EnvEntry> {
  if (isList(env)) for (const text of env) yield parseEnv(text, context.env);
  else for (const [name, value] of Object.entries(env ?? {})) yield envEntry(name, value);
}

function parseEntrypoint(given: string | readonly string[]): readonly string[] {
  if (given === '') return [];
  return checkArguments('the entrypoint', typeof given === 'string' ? [given] : given);
}

function optional<In, Out>(value: In | undefined, parse: (value: In) => Out): Out | null {
  return value === undefined ? null : parse(value);
}

function unique<Item>(list: readonly Item[]): readonly Item[] {
  return [...new Set(list)];
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value);
}
