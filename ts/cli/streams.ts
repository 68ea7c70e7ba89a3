import type { Readable, Writable } from 'node:stream';
import type { Running, Stdio } from '../api/types.ts';
import type { Io } from './io.ts';

/** Where the standard streams of a container in the foreground lead. */
export interface Streams {
  readonly stdin: Stdio;
  readonly stdout: Stdio;
  readonly stderr: Stdio | 'stdout';
}

/**
 * Pipes and sockets of the caller become the application's own. A terminal or a file must not: through its descriptor
 * root in the container could read what is typed, read and change the whole file, and its mode and owner. So orlop
 * stands in between, with a pipe.
 */
export function streamsFor(io: Io, interactive: boolean): Streams {
  const own = (descriptor: 0 | 1 | 2): Stdio => (io.descriptor(descriptor).shareable ? 'inherit' : 'pipe');
  const stdout = own(1);
  const stderr = own(2);
  // One pipe where both are the same: with two, lines could change places.
  const together = stdout === 'pipe' && stderr === 'pipe' && io.descriptor(1).file === io.descriptor(2).file;
  return { stdin: interactive ? own(0) : 'ignore', stdout, stderr: together ? 'stdout' : stderr };
}

/** Milliseconds without output after which an application that has ended is done writing. */
const silence = 500;

/** Passes on what goes through the pipes; resolves when the application has ended and its output is written. */
export async function passOn(io: Io, running: Running): Promise<void> {
  if (running.stdin !== null) feed(io.stdin(), running.stdin);
  if (running.stdout === null && running.stderr === null) return void (await running.exited);
  let chunks = 0;
  const copy = async (from: Running['stdout'], to: Io['stdout']): Promise<void> => {
    if (from === null) return;
    // Terminals and files are written to at once: nothing gathers in memory.
    for await (const chunk of from as AsyncIterable<Uint8Array>) {
      to.write(chunk);
      chunks++;
    }
  };
  const copied = Promise.all([copy(running.stdout, io.stdout), copy(running.stderr, io.stderr)]);
  // Its failure is told when the application has ended.
  copied.catch(() => {});
  await running.exited;
  // A pipe has no end while somebody outside the container holds it, whom the application sent it to.
  await Promise.race([copied, quiet(() => chunks)]);
}

/** Not by pipe(), which looks at process.stdout, and so makes a pipe that the application shares non-blocking. */
function feed(from: Readable, to: Writable): void {
  // An application that has ended, or does not read, is no error; nor is a terminal that hangs up.
  to.on('error', () => from.pause());
  from.on('error', () => to.end());
  from.on('data', (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
}

async function quiet(count: () => number): Promise<void> {
  let before = -1;
  while (before !== count()) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, silence));
  }
}
