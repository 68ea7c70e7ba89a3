import * as v from 'valibot';
import { RequestError } from '../../errors/index.ts';
import {
  type Action,
  action,
  allTables,
  type Comparison,
  type Condition,
  type Filter,
  type SeccompProfile,
  type SeccompRule,
} from './profile.ts';
import type { SyscallTable } from './syscalls.ts';

const EPERM = 1;

/** Unsigned integer below 2^53. Larger values are refused, because JSON.parse loses bits of them. */
const Unsigned = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Errno = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(4095));

const FilterJson = v.object({
  caps: v.nullish(v.array(v.string())),
  arches: v.nullish(v.array(v.string())),
  minKernel: v.nullish(v.pipe(v.string(), v.regex(/^\d{1,4}\.\d{1,4}$/))),
});

const ArgJson = v.object({
  index: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(5)),
  value: Unsigned,
  valueTwo: v.nullish(Unsigned),
  op: v.string(),
});

const RuleJson = v.object({
  name: v.nullish(v.string()),
  names: v.nullish(v.array(v.string())),
  action: v.string(),
  errnoRet: v.nullish(Errno),
  args: v.nullish(v.array(ArgJson)),
  includes: v.nullish(FilterJson),
  excludes: v.nullish(FilterJson),
});

const ProfileJson = v.object({
  defaultAction: v.string(),
  defaultErrnoRet: v.nullish(Errno),
  architectures: v.nullish(v.array(v.string())),
  archMap: v.nullish(v.array(v.object({ architecture: v.string(), subArchitectures: v.nullish(v.array(v.string())) }))),
  flags: v.nullish(v.array(v.string())),
  listenerPath: v.nullish(v.string()),
  syscalls: v.nullish(v.array(RuleJson)),
});

/**
 * Reads a profile in Docker's JSON format, of which the OCI's `linux.seccomp` is a part. Calls that no architecture has
 * are ignored, as in Docker.
 *
 * @param text content of the file
 * @param name of the file, for messages
 * @throws RequestError `ORLOP_E_INPUT`
 */
export function parseProfile(text: string, name: string): SeccompProfile {
  const json = readJson(text, name);
  const fail = (what: string, hint: string): never => refuse(name, what, hint);
  if (json.listenerPath) fail('asks for a listener', 'leave listenerPath out: a listener is not supported');
  for (const flag of json.flags ?? []) {
    // Synchronising threads has no effect on a process with one thread.
    if (flag !== 'SECCOMP_FILTER_FLAG_TSYNC') fail(`has the flag ${flag}`, 'leave it out: flags are not supported');
  }
  return {
    defaultAction: toAction(json.defaultAction, json.defaultErrnoRet, fail),
    tables: {
      x64: toTables(json, 'SCMP_ARCH_X86_64', 'x86_64'),
      arm64: toTables(json, 'SCMP_ARCH_AARCH64', 'aarch64'),
    },
    rules: (json.syscalls ?? []).flatMap((rule) => toRules(rule, fail)),
  };
}

type Fail = (what: string, hint: string) => never;

function refuse(name: string, what: string, hint: string): never {
  throw new RequestError('ORLOP_E_INPUT', `the seccomp profile '${name}' ${what}`, { hint });
}

function readJson(text: string, name: string): v.InferOutput<typeof ProfileJson> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RequestError('ORLOP_E_INPUT', `the seccomp profile '${name}' is not JSON`, {
      hint: `write 'unconfined' for no filter, or give a file in Docker's format`,
      cause,
    });
  }
  const result = v.safeParse(ProfileJson, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue) ?? 'the whole';
  const what = issue.received === 'undefined' ? 'is missing' : `is ${issue.received}`;
  return refuse(name, `is not valid: '${where}' ${what}`, `give a file in Docker's format`);
}

const actions: Readonly<Record<string, (errno: number | null | undefined) => Action>> = {
  SCMP_ACT_ALLOW: () => action.allow,
  SCMP_ACT_ERRNO: (errno) => action.errno(errno ?? EPERM),
  SCMP_ACT_KILL: () => action.killThread,
  SCMP_ACT_KILL_THREAD: () => action.killThread,
  SCMP_ACT_KILL_PROCESS: () => action.killProcess,
  SCMP_ACT_TRAP: () => action.trap,
  SCMP_ACT_TRACE: (errno) => action.trace(errno ?? EPERM),
  SCMP_ACT_LOG: () => action.log,
};

function toAction(name: string, errno: number | null | undefined, fail: Fail): Action {
  const make = Object.hasOwn(actions, name) ? actions[name] : undefined;
  return make?.(errno) ?? fail(`has the action ${name}`, `actions are ${Object.keys(actions).join(', ')}`);
}

const tableOf: Readonly<Record<string, SyscallTable>> = {
  SCMP_ARCH_X86_64: 'x86_64',
  SCMP_ARCH_X86: 'i386',
  SCMP_ARCH_X32: 'x32',
  SCMP_ARCH_AARCH64: 'aarch64',
  SCMP_ARCH_ARM: 'arm',
};

/** Tables of the machine's own architecture, and of others that the profile names and the machine can run. */
function toTables(json: v.InferOutput<typeof ProfileJson>, native: string, table: SyscallTable): SyscallTable[] {
  const mapped = json.archMap?.find(({ architecture }) => architecture === native)?.subArchitectures;
  const others = [...(mapped ?? []), ...(json.architectures ?? [])].map((name) => tableOf[name]);
  const possible = Object.values(allTables).find((tables) => tables.includes(table)) ?? [];
  return possible.filter((one) => one === table || others.includes(one));
}

type RuleInput = v.InferOutput<typeof RuleJson>;

function toRules(rule: RuleInput, fail: Fail): SeccompRule[] {
  const names = [...(rule.names ?? []), ...(rule.name ? [rule.name] : [])];
  const base = {
    names,
    action: toAction(rule.action, rule.errnoRet, fail),
    includes: toFilter(rule.includes),
    excludes: toFilter(rule.excludes),
  };
  const conditions = (rule.args ?? []).map((arg) => toCondition(arg, fail));
  // If one argument is tested twice, one of the tests has to hold, as in runc. Otherwise all have to.
  const repeated = new Set(conditions.map(({ index }) => index)).size < conditions.length;
  if (repeated) return conditions.map((condition) => ({ ...base, conditions: [condition] }));
  return [{ ...base, conditions }];
}

const comparisons: Readonly<Record<string, Comparison>> = {
  SCMP_CMP_NE: 'NE',
  SCMP_CMP_LT: 'LT',
  SCMP_CMP_LE: 'LE',
  SCMP_CMP_EQ: 'EQ',
  SCMP_CMP_GE: 'GE',
  SCMP_CMP_GT: 'GT',
  SCMP_CMP_MASKED_EQ: 'MASKED_EQ',
};

function toCondition(arg: v.InferOutput<typeof ArgJson>, fail: Fail): Condition {
  const known = Object.hasOwn(comparisons, arg.op) ? comparisons[arg.op] : undefined;
  const op = known ?? fail(`compares by ${arg.op}`, `write ${Object.keys(comparisons).join(', ')}`);
  const { index } = arg;
  if (op !== 'MASKED_EQ') return { index, op, value: BigInt(arg.value), bits: 64 };
  return { index, op, mask: BigInt(arg.value), value: BigInt(arg.valueTwo ?? 0), bits: 64 };
}

function toFilter(json: v.InferOutput<typeof FilterJson> | null | undefined): Filter | undefined {
  if (!json) return undefined;
  const [major = 0, minor = 0] = (json.minKernel ?? '').split('.').map(Number);
  return {
    ...(json.caps ? { caps: json.caps } : {}),
    ...(json.arches ? { arches: json.arches } : {}),
    ...(json.minKernel ? { minKernel: [major, minor] } : {}),
  };
}
