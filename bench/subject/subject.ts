import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { CommandName, ContestantName } from '../contestants/all.ts';
import type { Container, Work } from '../contestants/contestant.ts';
import type { Caller, Ground } from '../ground/ground.ts';
import type { Sample } from '../measure/watch.ts';
import type { Answered, Asked, QuestionName, Questions } from './protocol.ts';

const answerMs = 180_000;

const bundles = new Map<string, Promise<string>>();

/** The subject's program as one file without TypeScript. */
async function bundle(ground: Ground): Promise<string> {
  const outfile = join(ground.directory, 'subject.mjs');
  const entry = join(ground.package, 'bench/subject/main.ts');
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'warning' });
  return outfile;
}

export interface SubjectOptions {
  /** Command that the process is started with: it changes what the process sees, and executes the rest. */
  readonly prefix?: readonly string[];
  /** Megabytes that the process holds. */
  readonly megabytes?: number;
}

/** A starter that lives in a subject. */
export interface RemoteStarter {
  start(): Promise<Sample>;
  throughput(parallel: number, ms: number): Promise<Work>;
  burst(count: number): Promise<Work>;
}

/** A process of its own that contestants start containers from, as the caller of its ground. */
export class Subject {
  readonly caller: Caller;
  readonly #child: ChildProcess;

  private constructor(caller: Caller, child: ChildProcess) {
    this.caller = caller;
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN;
  }

  static async open(ground: Ground, { prefix = [], megabytes }: SubjectOptions = {}): Promise<Subject> {
    const program = bundles.get(ground.directory) ?? bundle(ground);
    bundles.set(ground.directory, program);
    const [command = '', ...argv] = [...ground.prefix, ...prefix, process.execPath, await program];
    const child = spawn(command, argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const subject = new Subject(ground.caller, child);
    await subject.#ask('ground', ground);
    if (megabytes !== undefined) await subject.#ask('hold', megabytes);
    return subject;
  }

  /** A starter, or why the contestant is missing. */
  async starter(contestant: ContestantName, container: Container): Promise<RemoteStarter | { missing: string }> {
    const opened = await this.#ask('open', { contestant, container });
    if ('missing' in opened) return opened;
    const { handle } = opened;
    return {
      start: () => this.#ask('start', handle),
      throughput: (parallel, ms) => this.#ask('throughput', { handle, parallel, ms }),
      burst: (count) => this.#ask('burst', { handle, count }),
    };
  }

  /** The command of a contestant, or why that is missing. What the command needs stays until this is closed. */
  command(contestant: CommandName, container: Container): Promise<Questions['command']['answer']> {
    return this.#ask('command', { contestant, container });
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode !== null) return;
    await this.#ask('close', null).catch(() => this.#child.kill('SIGKILL'));
    this.#child.disconnect();
    await ended;
  }

  #ask<Name extends QuestionName>(name: Name, value: Questions[Name]['ask']): Promise<Questions[Name]['answer']> {
    return new Promise((resolve, reject) => {
      const child = this.#child;
      const settle = () => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('exit', onExit);
        child.off('error', reject);
      };
      const onMessage = (answered: Answered) => {
        settle();
        // The subject answers in the terms of the protocol.
        if ('answer' in answered) resolve(answered.answer as Questions[Name]['answer']);
        else reject(new Error(answered.error));
      };
      const onExit = (code: number | null, signal: string | null) => {
        settle();
        reject(new Error(`the measured process ended (${signal ?? code})`));
      };
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        settle();
        reject(new Error(`no answer to '${name}' within ${answerMs} ms`));
      }, answerMs);
      child.on('message', onMessage);
      child.on('exit', onExit);
      child.on('error', reject);
      child.send({ name, value } as Asked);
    });
  }
}
