import { execFile } from 'node:child_process';
import { closeSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { emptyMountPoint, type LaunchResult, type Native, type NativeProcess } from '../../ts/native/contract.ts';
import { propagation } from '../../ts/plan/constants.ts';
import { encodePlan } from '../../ts/plan/encode.ts';
import type { Namespace, Op, Plan, Strategy, Supplied } from '../../ts/plan/types.ts';
import { addonFile, sanitizerEnvironment } from './addon.ts';
import { launchPlan } from './launch.ts';
import { until } from './temporary.ts';

/** An operation without its reason, which tests of the launcher do not read. */
export type Step<O = Op> = O extends Op ? Omit<O, 'reason'> : never;

export interface PlanParts {
  readonly argv: readonly string[];
  readonly env?: readonly string[];
  /** Namespaces besides the mount namespace, which always exists. */
  readonly namespaces?: readonly Namespace[];
  readonly supplied?: readonly Supplied[];
  /** Default `in-child`. With `opener`, `makeEmptyNamespace` must run first. */
  readonly strategy?: Strategy;
  /** Operations after the pivot, before the signals are reset and the program is executed. */
  readonly steps?: readonly Step[];
}

/** A plan whose root filesystem is a bind mount of the host's, for tests without file systems. */
export function plainPlan(parts: PlanParts): Plan {
  const { argv, env = [], namespaces = [], supplied = [], strategy = 'in-child', steps = [] } = parts;
  const slot = supplied.length;
  const bind: Step = { op: 'bind', mount: slot, source: '/', recursive: 1, device: 0n, inode: 0n, type: 0 };
  const hide: Step = { op: 'propagation', path: '/', mode: propagation.private, recursive: 1 };
  const prepare = strategy === 'opener' ? [bind] : [hide, bind];
  const enter: Step[] = [
    { op: 'root', mount: slot, at: strategy === 'opener' ? emptyMountPoint : '/tmp' },
    { op: 'pivot' },
    ...steps,
    { op: 'signals' },
    { op: 'close-fds' },
    { op: 'exec', candidates: argv.slice(0, 1), argv, env },
  ];
  return {
    strategy,
    namespaces: ['mount', ...namespaces],
    supplied,
    slots: supplied.length + 1,
    prepare: prepare.map(withReason),
    enter: enter.map(withReason),
  };
}

function withReason(step: Step): Op {
  return { ...step, reason: 'test' } as Op;
}

/** Launches a plain plan; `descriptors` fill `supplied`. */
export function start(
  native: Native,
  parts: PlanParts & { descriptors?: readonly number[]; features?: number; token?: object },
): Promise<LaunchResult> {
  const { descriptors = [], features = native.features(), token = {} } = parts;
  return launchPlan(native, plainPlan(parts), { descriptors, features, token });
}

/** The process of a start. Fails if the start failed. */
export function started(result: LaunchResult): NativeProcess {
  if (result.process === null) throw new Error(`not started: ${JSON.stringify(result.failure ?? result.died)}`);
  return result.process;
}

/** Process IDs of a process's children, including zombies. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

/** Fields of /proc/PID/stat from the third (state) on; undefined if there is no such process. */
export function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** Children of the test process made after this call: older ones belong to the test runner. */
export function newChildren(): () => number[] {
  const before = new Set(childrenOf(process.pid));
  return () => childrenOf(process.pid).filter((pid) => !before.has(pid));
}

/** Mount point of cgroup v2, which the test requires. */
export function cgroup2(): string {
  const line = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((entry) => entry.includes(' - cgroup2 '));
  const path = line?.split(' ')[4];
  if (path === undefined) throw new Error('no cgroup v2 mount');
  return path;
}

function parentOf(pid: number): number | undefined {
  const parent = statOf(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

export function startTimeOf(pid: number): string {
  const time = statOf(pid)?.[19];
  if (time === undefined) throw new Error(`no process ${pid}`);
  return time;
}

/** True if a process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  return !['Z', 'X', undefined].includes(statOf(pid)?.[0]);
}

/**
 * Head of a JavaScript program that uses the addon without TypeScript: `native`, and `start(name)`, which starts a plan
 * with options of `prepare` and `launch`.
 */
const programHead = `
  const { addon, plans } = JSON.parse(process.env.ORLOP_TEST_PROGRAM);
  const native = require(addon);
  const start = (name, options = {}) => {
    const prepared = native.prepare(Buffer.from(plans[name], 'base64'), { features: native.features(), ...options });
    return native.launch(prepared, { values: [], descriptors: [], ...options }, {});
  };
`;

/** Source of `children()`, process IDs of the program's children. */
export const childrenSource = `
  const fs = require('node:fs');
  const children = () => fs.readdirSync('/proc').filter((name) => {
    try {
      const stat = fs.readFileSync('/proc/' + name + '/stat', 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === process.pid;
    } catch {
      return false;
    }
  });
`;

export interface ProgramOptions {
  /** True if the main thread loads the addon. Workers load it through the text in `head`. */
  readonly loads?: boolean;
  readonly addon?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Arguments and environment for Node to run `source` after the head, for tests of a program's exit. */
export function program(source: string, plans: Record<string, Plan>, options: ProgramOptions = {}) {
  const { loads = true, addon = addonFile, env = {} } = options;
  const base64 = (plan: Plan) => Buffer.from(encodePlan(plan).bytes).toString('base64');
  const encoded = Object.entries(plans).map(([name, plan]) => [name, base64(plan)]);
  const head = `const head = ${JSON.stringify(programHead)};${loads ? programHead : ''}`;
  // The sanitizers' run-time library must come first.
  const preload = [sanitizerEnvironment.LD_PRELOAD, env.LD_PRELOAD].filter((library) => library !== undefined);
  return {
    argv: ['-e', `${head}\n(async () => {${source}})();`],
    env: {
      ...sanitizerEnvironment,
      ...env,
      ...(preload.length > 0 ? { LD_PRELOAD: preload.join(':') } : {}),
      PATH: process.env.PATH ?? '',
      ORLOP_TEST_PROGRAM: JSON.stringify({ addon, plans: Object.fromEntries(encoded) }),
    },
  };
}

/** Runs such a program until its exit. */
export async function runProgram(
  source: string,
  plans: Record<string, Plan>,
  options: ProgramOptions = {},
): Promise<{ stdout: string }> {
  const { argv, env } = program(source, plans, options);
  return promisify(execFile)(process.execPath, argv, { env, timeout: 150_000 });
}

/** True if a process sleeps in the read of a pipe, or, if the kernel hides the reason, if it sleeps. */
export function waitsForPipe(pid: number): boolean {
  try {
    return statOf(pid)?.[0] === 'S' && /^0$|pipe_read/.test(readFileSync(`/proc/${pid}/wchan`, 'utf8'));
  } catch {
    return false;
  }
}

/** A start whose child waits before execve until `open` or a kill; `steps` run before that. */
export async function hold(
  native: Native,
  steps: readonly Step[] = [],
  parts: Pick<PlanParts, 'namespaces' | 'strategy'> = {},
) {
  const [gate, open] = native.pipe();
  const token = {};
  const children = newChildren();
  const pending = start(native, {
    ...parts,
    argv: ['/bin/true'],
    supplied: ['gate'],
    descriptors: [gate],
    // With an opener, the child holds a copy of the gate's other end: after an interrupted test, only this signal ends
    // it.
    steps: [{ op: 'parent-death', signal: 9 }, ...steps, { op: 'barrier', gate: 0 }],
    token,
  });
  const pid = await until('a child at the gate', () => children().find(waitsForPipe));
  return {
    pid,
    token,
    pending,
    open: () => writeSync(open, 'x'),
    close: () => {
      closeSync(gate);
      closeSync(open);
    },
  };
}
