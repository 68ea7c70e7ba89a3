import { fstatSync, readlinkSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { DescriptorFacts } from '../io.ts';

/**
 * Writes all of a text or of bytes to a descriptor.
 *
 * Not through process.stdout: that makes a pipe non-blocking, for everybody who shares it, and the application in the
 * container shares it: its writes would fail with EAGAIN as soon as the reader is slower.
 */
export function writeAll(descriptor: 1 | 2, content: string | Uint8Array): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
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

/**
 * Standard input, for orlop itself: an application that shares it must not meet a pipe that does not block.
 *
 * Not through a file stream: its read waits in a thread that the end of the program waits for, so that `run -i` on a
 * terminal would not end before the next key.
 */
export function readStandardInput(): Readable {
  return process.stdin;
}

/** Number of the device 1:3. */
const nullDevice = 0x103;

/** What a standard stream of this process is. */
export function factsOf(descriptor: 0 | 1 | 2): DescriptorFacts {
  const { dev, ino, rdev } = fstatSync(descriptor);
  // A named pipe is none that could be shared: it is a file with a mode and an owner.
  const anonymous = /^(pipe|socket):\[/.test(readlinkSync(`/proc/self/fd/${descriptor}`));
  return { shareable: anonymous || rdev === nullDevice, file: `${dev}:${ino}` };
}
