import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const answerMs = 60_000;

interface Waiting {
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** A program that answers each line of its input with one line. */
export class LineProcess {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #waiting: Waiting[] = [];
  readonly #closed: Promise<void>;
  #messages = '';

  constructor([command = '', ...argv]: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#name = command;
    this.#child = spawn(command, argv, { stdio: ['pipe', 'pipe', 'pipe'], env });
    const { stdin, stdout, stderr } = this.#child;
    if (stdin === null || stdout === null || stderr === null) throw new Error('a program without streams');
    createInterface({ input: stdout }).on('line', (line) => this.#answer(line));
    stderr.on('data', (text: Buffer) => {
      this.#messages = (this.#messages + text.toString()).slice(-2000);
    });
    stdin.on('error', () => {});
    this.#closed = new Promise((resolve) => {
      this.#child.on('error', (error) => this.#fail(error.message));
      this.#child.on('close', (code, signal) => {
        this.#fail(`ended (${signal ?? code})`);
        resolve();
      });
    });
  }

  /** The last of what it wrote to its standard error. */
  get messages(): string {
    return this.#messages.trim();
  }

  ask(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#child.kill('SIGKILL');
        this.#fail(`gave no answer within ${answerMs} ms`);
      }, answerMs);
      this.#waiting.push({ resolve, reject, timer });
      if (this.#child.exitCode !== null) this.#fail(`ended (${this.#child.exitCode})`);
      else this.#child.stdin?.write(`${line}\n`);
    });
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#closed;
  }

  #answer(line: string): void {
    const next = this.#waiting.shift();
    clearTimeout(next?.timer);
    next?.resolve(line);
  }

  #fail(why: string): void {
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(new Error(`${this.#name} ${why}: ${this.messages}`));
    }
  }
}
