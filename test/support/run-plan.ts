import { execFileSync, type StdioOptions, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { encodePlan } from '../../ts/plan/encode.ts';
import type { StartFacts } from '../../ts/plan/facts.ts';
import type { OpName } from '../../ts/plan/ops.ts';
import { ops } from '../../ts/plan/ops.ts';
import type { Plan } from '../../ts/plan/types.ts';
import { makeFacts, makeProcess } from './facts.ts';

/** Builds `build-tests/run-plan` and `fuzz-plan` if they are out of date. Call it in a `describe`. */
export function buildsNativeTests(): void {
  before(function () {
    this.timeout(300_000);
    execFileSync('bash', ['scripts/build-native-tests'], { stdio: 'inherit' });
  });
}

/** All feature bits of `native/init/run.h`. */
const allFeatures = 0x7f;

/** Feature bits for tests of the executor, by words for the title. */
export const featureSets = [
  ['with every feature of the kernel', allFeatures],
  ['with none of the newer system calls', 0],
] as const;

export interface PlanRun {
  readonly code: number | null;
  readonly signal: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Report of the executor; null if it reached execve. */
  readonly refused: {
    readonly step: OpName | 'plan';
    /** Number of the system call; 0xffff for none. */
    readonly call: number;
    readonly op: number;
    /** Name of the errno. */
    readonly error: string;
    readonly detail: number;
  } | null;
  /** Number of recorded times: one at the start and one after each operation. */
  readonly timed: number;
}

export interface RunOptions {
  /** Feature bits of `native/init/run.h`; default: all. */
  readonly features?: number;
  /** Shell commands that set up the "host" of this run, in its own mount namespace. */
  readonly host?: string;
  readonly input?: string;
  /** User and group of the run, who must be able to read the folder. */
  readonly user?: number;
  /** Descriptors for the supplied slots after the three standard streams. */
  readonly supplied?: readonly number[];
}

/** Runs a plan through the executor alone, in a child of `build-tests/run-plan`. */
export function runPlan(plan: Plan | Uint8Array, folder: string, options: RunOptions = {}): PlanRun {
  const file = join(folder, 'plan');
  const result = join(folder, 'result');
  writeFileSync(file, plan instanceof Uint8Array ? plan : encodePlan(plan).bytes);
  rmSync(result, { force: true });
  const { features = allFeatures, host = '', input = '', supplied = [], user } = options;
  // Copied, because the checkout may be accessible to its owner only.
  const program = user === undefined ? 'build-tests/run-plan' : join(folder, 'run-plan');
  if (user !== undefined) copyFileSync('build-tests/run-plan', program);
  const argv = [program, file, String(features), result];
  const wrapped = ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', `${host}\nexec "$@"`, 'sh', ...argv];
  const [command = '', ...rest] = host === '' ? argv : wrapped;
  const stdio: StdioOptions = ['pipe', 'pipe', 'pipe', ...supplied];
  const run = spawnSync(command, rest, {
    encoding: 'utf8',
    input,
    stdio,
    timeout: 120_000,
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
  if (run.status !== 0) throw new Error(`run-plan ended with ${run.status ?? run.signal}: ${run.stderr}`);
  const numbers = readFileSync(result, 'utf8').trim().split(' ').map(Number);
  const [status = 0, step = 0, call = 0, op = 0, errno = 0, detail = 0, timed = 0] = numbers;
  return {
    code: (status & 0x7f) === 0 ? (status >> 8) & 0xff : null,
    signal: (status & 0x7f) === 0 ? null : status & 0x7f,
    stdout: run.stdout,
    stderr: run.stderr,
    refused: errno === 0 ? null : { step: nameOf(step), call, op, error: errorName(errno), detail },
    timed,
  };
}

function errorName(errno: number): string {
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? String(errno);
}

function nameOf(step: number): OpName | 'plan' {
  if (step === 0) return 'plan';
  const found = Object.entries(ops).find(([, shape]) => shape.code === step);
  if (found === undefined) throw new Error(`no operation has the code ${step}`);
  return found[0] as OpName;
}

const tools = ['sh', 'cat', 'ls', 'id', 'stat', 'readlink', 'env', 'pwd', 'true', 'hostname', 'ip', 'grep', 'mkdir'];

/**
 * A folder with the layout of a store: a busybox layer, the layer of mount points, a read-write layer, a mount point.
 */
export function makeStore(folder: string): StartFacts['root'] {
  const layer = join(folder, 'layers/base/diff');
  for (const name of ['bin', 'tmp', 'etc', 'data', 'usr/lib']) mkdirSync(join(layer, name), { recursive: true });
  copyFileSync('/bin/busybox', join(layer, 'bin/busybox'));
  for (const name of tools) symlinkSync('busybox', join(layer, 'bin', name));
  writeFileSync(join(layer, 'data/of-image'), 'image');
  const points = join(folder, 'layers/points/diff');
  for (const name of ['proc', 'dev', 'sys']) mkdirSync(join(points, name), { recursive: true });
  const [upper, work, mountPoint] = [join(folder, 'rw/diff'), join(folder, 'rw/work'), join(folder, 'mnt')];
  for (const path of [upper, work, mountPoint]) mkdirSync(path, { recursive: true });
  return { mountPoint, layers: [layer, points], upper, work, volatile: false, readOnly: false };
}

/** Facts of a start of `sh -c script` in such a store, without a filter. */
export function shellFacts(root: StartFacts['root'], script: string, changes: Partial<StartFacts> = {}): StartFacts {
  return makeFacts({
    root,
    parentDeath: 0,
    process: makeProcess({ argv: ['sh', '-c', script], candidates: ['/usr/bin/sh', '/bin/sh'], seccomp: null }),
    ...changes,
  });
}
