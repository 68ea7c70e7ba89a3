import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';

/** A file system in user space whose server the test can stop, make deaf, or kill. */
export class Fuse {
  readonly #server: ChildProcess;
  readonly #lines: Interface;
  readonly path: string;

  private constructor(server: ChildProcess, lines: Interface, path: string) {
    this.#server = server;
    this.#lines = lines;
    this.path = path;
  }

  /** Mounts the file system; `path` is made if it is missing. */
  static async mount(path: string): Promise<Fuse> {
    mkdirSync(path, { recursive: true });
    const argv = ['--import=tsx', 'test/support/fuse-server.ts', path];
    const server = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface(server.stdout);
    const [line] = await Promise.race([once(lines, 'line'), once(lines, 'close')]);
    if (line !== 'mounted') throw new Error('the server of the file system did not start');
    return new Fuse(server, lines, path);
  }

  /** Makes the server take no requests. A process that waits for it can be killed. */
  stop(): void {
    this.#server.kill('SIGSTOP');
  }

  goOn(): void {
    this.#server.kill('SIGCONT');
  }

  /**
   * Makes the server take requests without answering. A process that waits for it cannot be killed until the server
   * dies.
   */
  async deafen(): Promise<void> {
    spawn('stat', [`${this.path}/deaf`], { stdio: 'ignore' });
    const [line] = await once(this.#lines, 'line');
    if (line !== 'deaf') throw new Error(`the server said '${line}'`);
  }

  /** Kills the server. Waiting processes get an error. */
  async kill(): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
    const exit = once(this.#server, 'exit');
    this.#server.kill('SIGKILL');
    await exit;
  }

  /** Kills the server and unmounts. */
  async end(): Promise<void> {
    await this.kill();
    execFileSync('umount', ['--lazy', '--no-canonicalize', this.path]);
  }
}
