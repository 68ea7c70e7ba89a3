import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import type { CommandRuntime } from '../../ts/api/command-runtime.ts';
import type { Container, ExitStatus, Running, StartOptions } from '../../ts/api/types.ts';
import type { Tried } from '../../ts/cli/doctor/trials.ts';
import type { Addon, Io } from '../../ts/cli/io.ts';
import { main } from '../../ts/cli/main.ts';
import { rootRights } from '../../ts/native/rights.ts';
import { noUsage } from './usage.ts';

export interface CommandLine {
  /** Exit status, and output. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Calls of the library with their arguments. */
  readonly calls: readonly (readonly [string, ...unknown[]])[];
}

export interface World {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  readonly terminal?: boolean;
  /** Columns of the terminal. */
  readonly columns?: number;
  /** Identity of the file or terminal of a descriptor. */
  readonly files?: Readonly<Record<number, string>>;
  /** Settled when the output of an outlet is passed on. */
  readonly passedOn?: Promise<void>;
  readonly now?: Date;
  readonly signals?: EventEmitter;
  /** Methods of the library by path, such as `images.list`. Any other throws. */
  readonly library?: Readonly<Record<string, (...values: never[]) => unknown>>;
}

/** Runs a command line in this process, on a library that only records its calls. */
export async function orlop(argv: readonly string[], world: World = {}): Promise<CommandLine> {
  const calls: (readonly [string, ...unknown[]])[] = [];
  let stdout = '';
  let stderr = '';
  const io: Io = {
    stdout: { write: (text) => (stdout += text.toString()) },
    stderr: { write: (text) => (stderr += text.toString()) },
    stdin: () => Readable.from([world.input ?? '']),
    env: world.env ?? {},
    cwd: '/home/me',
    isTerminal: () => world.terminal ?? false,
    columns: () => (world.terminal ? world.columns : undefined),
    descriptor: (number) => ({ shareable: world.files?.[number] === undefined, file: world.files?.[number] ?? 'pipe' }),
    outlet: async (number) => ({
      descriptor: 100 + number,
      passOn: () => {
        calls.push(['outlet', number]);
        return { ended: world.passedOn ?? Promise.resolve(), finish: () => calls.push(['finish', number]) };
      },
      abandon: () => calls.push(['abandon', number]),
    }),
    now: () => world.now ?? new Date('2026-11-27T12:00:00Z'),
    signals: world.signals ?? new EventEmitter(),
    endBy: (signal) => calls.push(['end by', signal]),
    loadAddon: async () => fakeAddon,
    open: async (options) => {
      calls.push(['open', options]);
      return library(calls, world.library ?? {});
    },
  };
  return { status: await main(argv, io), stdout, stderr, calls };
}

/** An addon by which all parts of a start succeed. */
export const fakeAddon: Addon = {
  deviceHolder: () => ({ why: 'a filter of devices takes root' }),
  features: () => 0b111111,
  file: '/p/orlop.node',
  rights: rootRights,
  tryParts: async () => allSucceed,
};

export const allSucceed: Tried = {
  mounts: null,
  overlayfs: null,
  procfs: null,
  network: null,
  seccomp: null,
  'id map': null,
};

type Calls = (readonly [string, ...unknown[]])[];

function library(calls: Calls, members: NonNullable<World['library']>): CommandRuntime {
  const call =
    (name: string) =>
    async (...values: unknown[]): Promise<unknown> => {
      calls.push([name, ...values]);
      const member = members[name];
      if (member === undefined) throw new Error(`the test did not expect a call of ${name}`);
      return (member as (...values: unknown[]) => unknown)(...values);
    };
  const room = (name: string): unknown => new Proxy({}, { get: (_, member) => call(`${name}.${String(member)}`) });
  const whole: Record<string, unknown> = {
    close: async () => calls.push(['close']),
    containers: room('containers'),
    images: room('images'),
    volumes: room('volumes'),
  };
  return new Proxy(whole, {
    get: (target, name) => (name === 'then' ? undefined : (target[String(name)] ?? call(String(name)))),
  }) as unknown as CommandRuntime;
}

/** A container whose application exits with `end`. Signals sent to it are added to `received`. */
export function fakeContainer(end: ExitStatus | Promise<ExitStatus>, received: (number | string)[] = []): Container {
  const running: Running = {
    pid: 4711,
    exited: Promise.resolve(end).then((status) => ({ ...status, usage: noUsage, oomKilled: false, limit: null })),
    kill: (signal = 'SIGTERM') => received.push(signal) > 0,
    timings: { clonedUs: 1, startedUs: 2, steps: [] },
    trace: () => ({ traceEvents: [], displayTimeUnit: 'ns', otherData: {} }),
    stdin: null,
    stdout: null,
    stderr: null,
    [Symbol.asyncDispose]: async () => {},
  };
  const unexpected = async (): Promise<never> => {
    throw new Error('the test did not expect this call of a container');
  };
  return {
    id: 'ab'.repeat(32),
    name: 'web',
    start: async (_options?: StartOptions) => running,
    exec: unexpected,
    startExec: unexpected,
    wait: unexpected,
    kill: unexpected,
    stop: unexpected,
    rename: unexpected,
    top: unexpected,
    remove: async () => {},
    summary: unexpected,
    inspect: unexpected,
    diff: unexpected,
    commit: unexpected,
    export: unexpected,
    [Symbol.asyncDispose]: unexpected,
  };
}
