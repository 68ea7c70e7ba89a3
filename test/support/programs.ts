import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program that uses the store of a test; see `life-worker.ts` for its actions. */
export class Program {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown[]>;
  stderr = '';

  constructor({ root, run }: { root: string; run: string }, work: readonly string[], prefix: readonly string[] = []) {
    const argv = [...prefix, process.execPath, '--import=tsx', 'test/support/life-worker.ts', root, run, ...work];
    const [command = '', ...args] = argv;
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdin, stdout, stderr } = this.child;
    if (stdin === null || stdout === null || stderr === null) throw new Error('the program has no streams');
    stdin.on('error', () => {});
    stderr.on('data', (text) => {
      this.stderr += text;
    });
    this.#lines = createInterface(stdout)[Symbol.asyncIterator]();
    // Not 'close', which waits until all output has been read.
    this.#ended = once(this.child, 'exit');
  }

  /** The next line of output, parsed as JSON. */
  async next<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the program ended: ${this.stderr}`);
    return JSON.parse(value);
  }

  tell(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** Waits until the program has exited. */
  async end(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    await this.#ended;
    return { code: this.child.exitCode, signal: this.child.signalCode };
  }

  /** Kills the program if it still runs, also after a failed test. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.#ended;
  }
}
