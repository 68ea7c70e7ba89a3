import { createReadStream, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';

/**
 * Writes all of a text to a descriptor.
 *
 * Not through process.stdout: that makes a pipe non-blocking, for everybody who shares it, and the application in the
 * container shares it: its writes would fail with EAGAIN as soon as the reader is slower.
 */
export function writeAll(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(descriptor, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      // Another process made it non-blocking; its reader needs a moment.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** Standard input, read without making it non-blocking either. */
export function readStandardInput(): Readable {
  return createReadStream('', { fd: 0, autoClose: false });
}
