// Replaces node:fs/promises in the bundle of the command line; scripts/build-ts.mjs substitutes it. A command has no
// other work while it waits for a file. Passing a call to another thread costs more than the call itself: some 0.05 ms
// on an idle machine, a time slice of the scheduler on a busy one. node:stream, which node:fs/promises needs, is not
// loaded either. Same results, same errors; test/unit/cli/light/node-fs-promises.test.ts compares both.
import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statfsSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';

type Call<Arguments extends readonly unknown[], Result> = (...given: Arguments) => Promise<Result>;

/** Wraps a call of node:fs into one that returns a settled promise. */
function settled<Arguments extends readonly unknown[], Result>(
  call: (...given: Arguments) => Result,
): Call<Arguments, Result> {
  return async (...given) => call(...given);
}

export const chmod = settled(chmodSync);
export const chown = settled(chownSync);
export const link = settled(linkSync);
export const lstat = settled(lstatSync);
export const mkdir = settled(mkdirSync);
export const readFile = settled(readFileSync);
export const readdir = settled(readdirSync);
export const readlink = settled(readlinkSync);
// Asks the kernel, like realpath of node:fs/promises.
export const realpath = settled(realpathSync.native);
export const rename = settled(renameSync);
export const rm = settled(rmSync);
export const rmdir = settled(rmdirSync);
export const stat = settled(statSync);
export const statfs = settled(statfsSync);
export const symlink = settled(symlinkSync);
export const unlink = settled(unlinkSync);
export const writeFile = settled(writeFileSync);

export const open: Call<Parameters<typeof openSync>, FileHandle> = async (...given) =>
  new FileHandle(openSync(...given));

/** An open file: the part of FileHandle of node:fs/promises that orlop uses. */
export class FileHandle {
  #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** The descriptor; -1 after `close`. */
  get fd(): number {
    return this.#descriptor;
  }

  async close(): Promise<void> {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    if (descriptor !== -1) closeSync(descriptor);
  }

  async chmod(mode: number): Promise<void> {
    fchmodSync(this.#descriptor, mode);
  }

  async stat(): Promise<Stats> {
    return fstatSync(this.#descriptor);
  }

  async read<Bytes extends NodeJS.ArrayBufferView>(
    buffer: Bytes,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ bytesRead: number; buffer: Bytes }> {
    return { bytesRead: readSync(this.#descriptor, buffer, offset, length, position), buffer };
  }

  async truncate(): Promise<void> {
    ftruncateSync(this.#descriptor);
  }

  async readFile(encoding: 'utf8'): Promise<string> {
    return readFileSync(this.#descriptor, encoding);
  }

  async writeFile(content: string | Uint8Array): Promise<void> {
    writeFileSync(this.#descriptor, content);
  }
}
