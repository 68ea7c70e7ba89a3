import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { until } from '../../support/temporary.ts';
import { typescriptWorker } from '../../support/typescript-worker.ts';

/** Data of the worker `recorder.ts`. */
export interface RecorderData {
  /** File over which the disk is mounted. */
  readonly path: string;
  readonly bytes: SharedArrayBuffer;
  /** Number of writes until now. */
  readonly counter: SharedArrayBuffer;
}

export interface Write {
  readonly offset: number;
  readonly data: Uint8Array;
}

/** What reached a disk, in the order of its arrival. */
export interface Recording {
  readonly writes: readonly Write[];
  /** For each flush of the disk's cache, the number of writes before it. */
  readonly flushes: readonly number[];
}

/** A disk, for a loop device, that records what is written to it. */
export class RecordedDisk {
  readonly path: string;
  readonly #worker: Worker;
  readonly #counter: Int32Array;

  private constructor(worker: Worker, { path, counter }: RecorderData) {
    this.path = path;
    this.#worker = worker;
    this.#counter = new Int32Array(counter);
  }

  /** Attaches a disk with the content of `image` at a new file. */
  static async attach(path: string, image: Uint8Array): Promise<RecordedDisk> {
    writeFileSync(path, '');
    const data = { path, bytes: new SharedArrayBuffer(image.length), counter: new SharedArrayBuffer(4) };
    new Uint8Array(data.bytes).set(image);
    const worker = typescriptWorker('test/root/power/recorder.ts', data);
    await once(worker, 'message');
    return new RecordedDisk(worker, data);
  }

  /** Number of writes until now. */
  get written(): number {
    return Atomics.load(this.#counter, 0);
  }

  /** Detaches the disk. Its file system is unmounted. */
  async detach(): Promise<Recording> {
    const recording = once(this.#worker, 'message');
    await until('no loop device uses the disk', () => spawnSync('umount', [this.path]).status === 0);
    const [message] = await recording;
    return message;
  }
}

const zeros = Buffer.alloc(64 * 1024);

/** The content of a disk after some of its writes. */
export class DiskContent {
  readonly #bytes: Buffer;
  readonly #writes: readonly Write[];
  #done = 0;

  constructor(image: Uint8Array, writes: readonly Write[]) {
    this.#bytes = Buffer.from(image);
    this.#writes = writes;
  }

  /** Makes the writes up to that number. */
  advance(end: number): void {
    for (const { offset, data } of this.#writes.slice(this.#done, end)) this.#bytes.set(data, offset);
    this.#done = end;
  }

  /** Writes the content to a new file, with holes for zeros. */
  save(path: string): void {
    const file = openSync(path, 'wx');
    for (let at = 0; at < this.#bytes.length; at += zeros.length) {
      const part = this.#bytes.subarray(at, at + zeros.length);
      if (!part.equals(zeros)) writeSync(file, part, 0, part.length, at);
    }
    ftruncateSync(file, this.#bytes.length);
    closeSync(file);
  }
}
