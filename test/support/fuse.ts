import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';

/** A file system in user space whose server the test stops, makes deaf, or kills. */
export class Fuse {
  readonly #server: ChildProcess;
  readonly #lines: Interface;
  readonly path: string;

  private constructor(server: ChildProcess, lines: Interface, path: string) {
    this.#server = server;
    this.#lines = lines;
    this.path = path;
  }

  /** Mounts it; `path` is made where it is missing. */
  static async mount(path: string): Promise<Fuse> {
    mkdirSync(path, { recursive: true });
    const argv = ['--import=tsx', 'test/support/fuse-server.ts', path];
    const server = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface(server.stdout);
    const [line] = await Promise.race([once(lines, 'line'), once(lines, 'close')]);
    if (line !== 'mounted') throw new Error('the server of the file system did not start');
    return new Fuse(server, lines, path);
  }

  /** It takes no request: whoever waits for it can be killed. */
  stop(): void {
    this.#server.kill('SIGSTOP');
  }

  goOn(): void {
    this.#server.kill('SIGCONT');
  }

  /** It takes requests and does not answer: whoever waits for it cannot be killed, and lives until it dies. */
  async deafen(): Promise<void> {
    spawn('stat', [`${this.path}/deaf`], { stdio: 'ignore' });
    const [line] = await once(this.#lines, 'line');
    if (line !== 'deaf') throw new Error(`the server said '${line}'`);
  }

  /** Who waits for it is told that it has gone. */
  async kill(): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
    const exit = once(this.#server, 'exit');
    this.#server.kill('SIGKILL');
    await exit;
  }

  /** Kills the server, and takes the mount away. */
  async end(): Promise<void> {
    await this.kill();
    execFileSync('umount', ['--lazy', '--no-canonicalize', this.path]);
  }
}
