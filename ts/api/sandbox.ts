import { RequestError } from '../errors/index.ts';
import { type IdMaps, isMapped } from '../native/ids.ts';
import type { Rights } from '../native/rights.ts';
import type { LimitOptions, RunOptions } from '../request/types.ts';
import type { AnyRunInput } from './run.ts';
import type * as t from './types.ts';

/** Options of a run in a sandbox, whose outputs are texts, bytes or lines. The overloads tell the caller which. */
export type AnySandboxOptions =
  | t.SandboxOptions<boolean>
  | t.BufferSandboxOptions<boolean>
  | t.LinesSandboxOptions<boolean>;

const maxBuffer = 1 << 20;
const timeout = 10_000;
const limits = { memory: '256m', swap: 0, cpus: 1, pids: 64 } as const;
/** An empty file takes memory too, which counts for its container only where memory is limited. */
const workspace = '/tmp:size=64m,nr_inodes=16k,exec';
const user = 1000;
/** What the kernel counts for the user too who made the user namespace: signals that wait, timers among them, and queues. */
const ulimits = ['sigpending=1024', 'msgqueue=131072'] as const;

/**
 * Options of `run` for a sandbox: an option of the caller replaces its default. Pure.
 *
 * @throws RequestError ORLOP_E_INPUT for a privileged one
 * @param rights IDs that containers have, and whether each can have a user namespace of its own
 */
export function sandboxOptions(
  { limits: chosen, capDrop = [], ulimits: bounds = [], ...options }: AnySandboxOptions,
  rights: Pick<Rights, 'kind'> & IdMaps,
): RunOptions & AnyRunInput {
  if (options.privileged) {
    throw new RequestError('ORLOP_E_INPUT', 'a sandbox cannot be privileged', {
      hint: "leave 'privileged' out; 'devices' and 'capAdd' give what is needed",
    });
  }
  return {
    readOnly: true,
    tmpfs: [workspace],
    workdir: '/tmp',
    user: hasOther(rights) ? `${user}:${user}` : '0:0',
    network: 'none',
    // An ordinary user's containers are in a user namespace without asking.
    ...(rights.kind === 'root' ? { userns: 'auto' } : {}),
    // Limits of the container that stand for them.
    timeout: chosen?.wallTime == null ? timeout : 0,
    maxBuffer: chosen?.output == null ? maxBuffer : Number.POSITIVE_INFINITY,
    ...withoutUndefined(options),
    capDrop: (['ALL'] as readonly string[]).concat(capDrop),
    ulimits: (ulimits as readonly string[]).concat(bounds),
    limits: limitsOf(chosen),
    reject: false,
  };
}

/** True if containers have users who are not root: an ordinary user without a range has one ID. */
function hasOther({ users, groups }: IdMaps): boolean {
  return isMapped(users, user) && isMapped(groups, user);
}

function limitsOf(chosen: t.SandboxLimits | null | undefined): LimitOptions | undefined {
  if (chosen === null) return undefined;
  // What is no object is refused with the other options.
  if (chosen !== undefined && typeof chosen !== 'object') return chosen;
  const given = withoutUndefined(chosen ?? {});
  const defaults: t.SandboxLimits = {
    ...limits,
    // Bounds of swap space and of processor time that would contradict what the caller says.
    ...(given.memory === null ? { swap: null } : {}),
    ...('cpuQuota' in given || 'cpuPeriod' in given ? { cpus: null } : {}),
  };
  const merged = { ...defaults, ...given };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)) as LimitOptions;
}

/** A missing option and an undefined one are the same. */
function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
