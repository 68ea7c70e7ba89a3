import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { addonFile, plainEnvironment } from './addon.ts';

/** Opens a directory for the duration of `use`. */
export async function withDirectory<T>(path: string, use: (fd: number) => Promise<T>): Promise<T> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Output of a shell script run in `directory`. */
export function shell(directory: string, script: string): string {
  return execFileSync('sh', ['-euc', script], { cwd: directory, encoding: 'utf8', env: plainEnvironment });
}

/** Output of a shell script run in its own mount namespace, whose mounts end with it. */
export function shellWithMounts(directory: string, script: string): string {
  const argv = ['--mount', '--propagation', 'private', 'sh', '-euc', script];
  return execFileSync('unshare', argv, { cwd: directory, encoding: 'utf8' });
}

/**
 * Mounts an overlay of `lower` and `upper` below `directory` with the options of a container, and runs a script in it.
 * The kernel then makes whiteouts, opaque marks and copies in `upper`.
 */
export function runInOverlay(directory: string, script: string, lower = 'lower'): void {
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(directory, name), { recursive: true });
  const options = 'redirect_dir=nofollow,metacopy=off,index=off,xino=off';
  const layers = `lowerdir=${lower},upperdir=upper,workdir=work`;
  shellWithMounts(directory, `mount -t overlay orlop -o ${options},${layers} merged\ncd merged\n${script}`);
}

/** Makes `depth` nested directories named `d`, deeper than a path can name. */
export function makeDeep(top: string, depth: number): void {
  let fd = openSync(top, constants.O_RDONLY | constants.O_DIRECTORY);
  for (let level = 0; level < depth; level++) {
    const child = `/proc/self/fd/${fd}/d`;
    mkdirSync(child);
    const next = openSync(child, constants.O_RDONLY | constants.O_DIRECTORY);
    closeSync(fd);
    fd = next;
  }
  closeSync(fd);
}

/**
 * Repeats JavaScript on its own thread until it is disposed of, ignoring exceptions, to change a tree while a test
 * works on it. `fs` and `top` are in its scope.
 */
export class Disturber {
  readonly #stop = new Int32Array(new SharedArrayBuffer(8));
  readonly #worker: Worker;

  constructor(top: string, code: string) {
    const program = `
      const { workerData: { top, stop } } = require('node:worker_threads');
      const fs = require('node:fs');
      const steps = [${code
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => `() => { ${line} }`)
        .join(',')}];
      while (Atomics.load(stop, 0) === 0) {
        let done = 1;
        for (const step of steps) try { step(); } catch { done = 0; }
        Atomics.add(stop, 1, done);
      }`;
    this.#worker = new Worker(program, { eval: true, workerData: { top, stop: this.#stop } });
  }

  /** Number of repetitions without an exception. */
  get rounds(): number {
    return Atomics.load(this.#stop, 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Atomics.store(this.#stop, 0, 1);
    await new Promise((done) => this.#worker.once('exit', done));
  }
}

/**
 * Exchanges two names in a loop until it is disposed of. A name always exists, as one object or the other, so even
 * short races are hit. In Perl, because Node has no renameat2(2).
 */
export class Exchanger {
  readonly #process: ChildProcess;

  constructor(first: string, second: string) {
    const call = process.arch === 'x64' ? 316 : 276;
    const program = `while (1) { syscall(${call}, -100, $ARGV[0], -100, $ARGV[1], 2) }`;
    this.#process = spawn('perl', ['-e', program, first, second], { stdio: 'inherit' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((done) => this.#process.once('exit', done));
    this.#process.kill('SIGKILL');
    await ended;
  }
}

/**
 * Runs a program in a separate Node with at most `descriptors` open descriptors; `native` in its scope is the addon.
 */
export function runWithFewDescriptors(directory: string, descriptors: number, program: string): string {
  const code = `const native = require(${JSON.stringify(addonFile)});
    const fs = require('node:fs');
    (async () => { ${program} })().catch((error) => { console.error(error); process.exit(1); });`;
  const script = `ulimit -n ${descriptors}\nexec "$0" -e "$1"`;
  return execFileSync('sh', ['-euc', script, process.execPath, code], { cwd: directory, encoding: 'utf8' });
}
