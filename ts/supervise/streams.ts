import type { Writable } from 'node:stream';
import type { Native } from '../native/contract.ts';
import type { OutputStream } from './output-stream.ts';

export interface StdioStreams {
  readonly stdin: Writable | null;
  readonly stdout: OutputStream | null;
  readonly stderr: OutputStream | null;
  /** Frees the descriptors after the exit. The output can still be read. */
  finish(): void;
}

/** The caller's ends of an application's pipes, by the number of the standard stream; null: no pipe. */
export type PipeEnds = readonly [stdin: number | null, stdout: number | null, stderr: number | null];

const none: StdioStreams = { stdin: null, stdout: null, stderr: null, finish: () => {} };

type Classes = Pick<typeof import('node:net'), 'Socket'> & Pick<typeof import('./output-stream.ts'), 'OutputStream'>;

let classes: Classes | undefined;

/** Loads the stream classes, for pipes only: a command that inherits its streams starts faster without node:net. */
async function loadClasses(): Promise<Classes> {
  const [{ Socket }, { OutputStream }] = await Promise.all([import('node:net'), import('./output-stream.ts')]);
  return { Socket, OutputStream };
}

/** Makes streams over the caller's ends of pipes. The streams own the descriptors. */
export async function streamsOver(native: Native, [stdin, stdout, stderr]: PipeEnds): Promise<StdioStreams> {
  if (stdin === null && stdout === null && stderr === null) return none;
  // Kept, because awaiting the modules again takes longer than making the streams.
  classes ??= await loadClasses();
  const { Socket, OutputStream } = classes;
  const socket = (fd: number, readable: boolean) => {
    // The socket owns the descriptor from here on.
    native.disown(fd);
    return new Socket({ fd, readable, writable: !readable });
  };
  const input = stdin === null ? null : socket(stdin, false);
  const output = (fd: number | null) =>
    fd === null ? null : new OutputStream({ open: () => socket(fd, true), close: () => native.closeSync(fd) });
  const outputs = { stdout: output(stdout), stderr: output(stderr) };
  return {
    stdin: input,
    ...outputs,
    finish: () => {
      input?.destroy();
      outputs.stdout?.finish();
      outputs.stderr?.finish();
    },
  };
}
