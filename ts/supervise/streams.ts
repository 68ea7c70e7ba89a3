import type { Readable, Writable } from 'node:stream';
import type { Native } from '../native/contract.ts';

export interface StdioStreams {
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** The application has ended: frees the descriptors. What it wrote can still be read. */
  finish(): void;
}

/** The caller's ends of the pipes to and from an application, by the number of its standard stream. */
export type PipeEnds = readonly [stdin: number | null, stdout: number | null, stderr: number | null];

const none: StdioStreams = { stdin: null, stdout: null, stderr: null, finish: () => {} };

type Classes = Pick<typeof import('node:net'), 'Socket'> & Pick<typeof import('./output-stream.ts'), 'OutputStream'>;

let classes: Classes | undefined;

/** Only loaded for pipes: a command line that inherits its streams starts faster without node:net. */
async function loadClasses(): Promise<Classes> {
  const [{ Socket }, { OutputStream }] = await Promise.all([import('node:net'), import('./output-stream.ts')]);
  return { Socket, OutputStream };
}

/** Streams over the caller's ends of pipes, which are theirs from now on. */
export async function streamsOver(native: Native, [stdin, stdout, stderr]: PipeEnds): Promise<StdioStreams> {
  if (stdin === null && stdout === null && stderr === null) return none;
  // Not asked for again: a promise of a module costs more than the streams.
  classes ??= await loadClasses();
  const { Socket, OutputStream } = classes;
  const socket = (fd: number, readable: boolean) => {
    // It is the socket's from now on.
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
