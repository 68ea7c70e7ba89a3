import type { Readable, Writable } from 'node:stream';
import type { Running, Stdio } from '../../api/types.ts';
import type { Io, Outlet } from '../io.ts';

/** Where the standard streams of a container in the foreground lead. */
export interface Streams {
  readonly stdin: Stdio;
  readonly stdout: Stdio;
  readonly stderr: Stdio | 'stdout';
  /** Ways out that orlop stands in. */
  readonly outlets: readonly Outlet[];
}

/**
 * Pipes and sockets of the caller become the application's own. A terminal or a file must not: through its descriptor
 * root in the container could read what is typed, read and change the whole file, and its mode and owner. So orlop
 * stands in between, with a pipe.
 */
export async function streamsFor(io: Io, interactive: boolean): Promise<Streams> {
  const stdin = io.descriptor(0).shareable ? 'inherit' : 'pipe';
  const open = async (number: 1 | 2) => (io.descriptor(number).shareable ? null : await io.outlet(number));
  const stdout = await open(1);
  // One pipe where both are the same: with two, lines could change places.
  const together = stdout !== null && io.descriptor(1).file === io.descriptor(2).file;
  const stderr = together ? null : await open(2);
  return {
    stdin: interactive ? stdin : 'ignore',
    stdout: stdout?.descriptor ?? 'inherit',
    stderr: together ? 'stdout' : (stderr?.descriptor ?? 'inherit'),
    outlets: [stdout, stderr].filter((outlet) => outlet !== null),
  };
}

/** Passes on what goes through the pipes; resolves when the application has ended and its output is written. */
export async function passOn(io: Io, running: Running, outlets: readonly Outlet[]): Promise<void> {
  if (running.stdin !== null) feed(io.stdin(), running.stdin);
  const relays = outlets.map((outlet) => outlet.passOn());
  const passed = Promise.all(relays.map(({ ended }) => ended));
  // Its failure is told when the application has ended.
  passed.catch(() => {});
  await running.exited;
  // A pipe has no end while somebody outside the container holds it, whom the application sent it to.
  for (const relay of relays) relay.finish();
  await passed;
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
