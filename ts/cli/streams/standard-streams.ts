import { fstatSync, readlinkSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { DescriptorFacts } from '../io.ts';

/**
 * Writes a text or bytes to a descriptor.
 *
 * process.stdout would make a pipe non-blocking for all processes that share it. Writes of the application would then
 * fail with EAGAIN if the reader is slow.
 */
export function writeAll(descriptor: 1 | 2, content: string | Uint8Array): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(descriptor, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      // Another process made the descriptor non-blocking: wait a moment for its reader.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/**
 * Standard input of orlop, for commands whose application does not share it.
 *
 * A file stream would read in a thread that the program's exit waits for: `run -i` on a terminal would not end before
 * the next key.
 */
export function readStandardInput(): Readable {
  return process.stdin;
}

/** Number of the null device (1:3). */
const nullDevice = 0x103;

/** Facts about a standard stream of this process. */
export function factsOf(descriptor: 0 | 1 | 2): DescriptorFacts {
  const { dev, ino, rdev } = fstatSync(descriptor);
  // A named pipe is not shareable: it is a file with a mode and an owner.
  const anonymous = /^(pipe|socket):\[/.test(readlinkSync(`/proc/self/fd/${descriptor}`));
  return { shareable: anonymous || rdev === nullDevice, file: `${dev}:${ino}` };
}
