// Stands in for node:fs/promises in the bundle of the command line; scripts/build-ts.mjs puts it there. A command has
// nothing else to do while it waits for a file, and the way of each call through another thread costs a start more than
// the call: some 0.05 ms on a quiet machine, a turn of the scheduler on a busy one. Nor is node:stream loaded, which
// node:fs/promises needs. Same results, same errors; test/unit/cli/immediate-fs.test.ts compares both.
import * as fs from 'node:fs';

type Call<Arguments extends readonly unknown[], Result> = (...given: Arguments) => Promise<Result>;

/** The call of node:fs as one that gives a promise, settled already. */
function settled<Arguments extends readonly unknown[], Result>(
  call: (...given: Arguments) => Result,
): Call<Arguments, Result> {
  return async (...given) => call(...given);
}

export const chmod = settled(fs.chmodSync);
export const chown = settled(fs.chownSync);
export const link = settled(fs.linkSync);
export const lstat = settled(fs.lstatSync);
export const mkdir = settled(fs.mkdirSync);
export const readFile = settled(fs.readFileSync);
export const readdir = settled(fs.readdirSync);
export const readlink = settled(fs.readlinkSync);
// As that of node:fs/promises, it asks the kernel.
export const realpath = settled(fs.realpathSync.native);
export const rename = settled(fs.renameSync);
export const rm = settled(fs.rmSync);
export const rmdir = settled(fs.rmdirSync);
export const stat = settled(fs.statSync);
export const statfs = settled(fs.statfsSync);
export const symlink = settled(fs.symlinkSync);
export const unlink = settled(fs.unlinkSync);
export const writeFile = settled(fs.writeFileSync);

export const open: Call<Parameters<typeof fs.openSync>, FileHandle> = async (...given) =>
  new FileHandle(fs.openSync(...given));

/** An open file: of what that of node:fs/promises can do, what orlop uses. */
export class FileHandle {
  #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** -1 when it is closed. */
  get fd(): number {
    return this.#descriptor;
  }

  async close(): Promise<void> {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    if (descriptor !== -1) fs.closeSync(descriptor);
  }

  async chmod(mode: number): Promise<void> {
    fs.fchmodSync(this.#descriptor, mode);
  }

  async stat(): Promise<fs.Stats> {
    return fs.fstatSync(this.#descriptor);
  }

  async sync(): Promise<void> {
    fs.fsyncSync(this.#descriptor);
  }

  async read<Bytes extends NodeJS.ArrayBufferView>(
    buffer: Bytes,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ bytesRead: number; buffer: Bytes }> {
    return { bytesRead: fs.readSync(this.#descriptor, buffer, offset, length, position), buffer };
  }

  async readFile(encoding: 'utf8'): Promise<string> {
    return fs.readFileSync(this.#descriptor, encoding);
  }

  async writeFile(content: string | Uint8Array): Promise<void> {
    fs.writeFileSync(this.#descriptor, content);
  }
}
