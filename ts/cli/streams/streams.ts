import type { Readable, Writable } from 'node:stream';
import type { Running, Stdio } from '../../api/types.ts';
import type { Io, Outlet } from '../io.ts';

/** Standard streams of a container in the foreground. */
export interface Streams {
  readonly stdin: Stdio;
  readonly stdout: Stdio;
  readonly stderr: Stdio | 'stdout';
  /** Pipes that orlop copies from. */
  readonly outlets: readonly Outlet[];
}

/**
 * Shares the caller's pipes and sockets with the application. A terminal or a file is not shared: through its
 * descriptor, root in the container could read typed text, read and change the whole file, and change its mode and
 * owner. orlop copies through a pipe instead.
 */
export async function streamsFor(io: Io, interactive: boolean): Promise<Streams> {
  const stdin = io.descriptor(0).shareable ? 'inherit' : 'pipe';
  const open = async (number: 1 | 2) => (io.descriptor(number).shareable ? null : await io.outlet(number));
  const stdout = await open(1);
  // One pipe if both are the same file: two pipes could reorder lines.
  const together = stdout !== null && io.descriptor(1).file === io.descriptor(2).file;
  const stderr = together ? null : await open(2);
  return {
    stdin: interactive ? stdin : 'ignore',
    stdout: stdout?.descriptor ?? 'inherit',
    stderr: together ? 'stdout' : (stderr?.descriptor ?? 'inherit'),
    outlets: [stdout, stderr].filter((outlet) => outlet !== null),
  };
}

/** Copies through the pipes. Resolves after the exit of the application, when its output is written. */
export async function passOn(io: Io, running: Running, outlets: readonly Outlet[]): Promise<void> {
  if (running.stdin !== null) feed(io.stdin(), running.stdin);
  const relays = outlets.map((outlet) => outlet.passOn());
  const passed = Promise.all(relays.map(({ ended }) => ended));
  // Its failure is reported after the application's exit.
  passed.catch(() => {});
  await running.exited;
  // A process outside the container may hold the pipe (the application can send it), so end of file may never come.
  for (const relay of relays) relay.finish();
  await passed;
}

/** Copies without pipe(), which opens process.stdout and so makes a shared pipe non-blocking. */
function feed(from: Readable, to: Writable): void {
  // An application that has exited or does not read is no error, nor is a terminal that hangs up.
  to.on('error', () => from.pause());
  from.on('error', () => to.end());
  from.on('data', (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
}
