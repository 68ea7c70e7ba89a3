import { closeSync, openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { RequestError } from '../errors/index.ts';
import type { Native } from '../native/contract.ts';

/** Where a standard stream of the application leads: the caller's own, nowhere, a pipe, or a descriptor. */
export type Stdio = 'inherit' | 'ignore' | 'pipe' | number;

export interface StdioRequest {
  readonly stdin: Stdio;
  readonly stdout: Stdio;
  readonly stderr: Stdio;
}

/** The three descriptors for the application, and the caller's ends of the pipes. */
export interface OpenStdio {
  readonly descriptors: readonly [number, number, number];
  /** Closes the application's ends; the start has duplicated them. */
  closeChildEnds(): void;
  /** Streams over the caller's ends; call it once. */
  streams(): Promise<StdioStreams>;
  /** Closes the caller's ends when there was no start. */
  abandon(): void;
}

export interface StdioStreams {
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** The application has ended: frees the descriptors. What it wrote can still be read. */
  finish(): void;
}

/**
 * Opens what the application gets as its standard streams.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function openStdio(native: Native, request: StdioRequest): OpenStdio {
  const child: number[] = [];
  const parent: (number | null)[] = [];
  const mine: number[] = [];
  const close = (list: readonly (number | null)[]) => {
    for (const fd of list) if (fd !== null) closeSync(fd);
  };
  try {
    for (const [number, name] of (['stdin', 'stdout', 'stderr'] as const).entries()) {
      const ends = openOne(native, name, request[name], number);
      child.push(ends.child);
      parent.push(ends.parent);
      if (ends.owned) mine.push(ends.child);
    }
  } catch (error) {
    close(mine);
    close(parent);
    throw error;
  }
  return {
    descriptors: [child[0] ?? 0, child[1] ?? 1, child[2] ?? 2],
    closeChildEnds: () => close(mine),
    abandon: () => close(parent),
    streams: () => streamsOver(parent),
  };
}

async function streamsOver([stdin = null, stdout = null, stderr = null]: readonly (
  | number
  | null
)[]): Promise<StdioStreams> {
  if (stdin === null && stdout === null && stderr === null) {
    return { stdin: null, stdout: null, stderr: null, finish: () => {} };
  }
  // Only loaded for pipes: a command line that inherits its streams starts faster without node:net.
  const [{ Socket }, { OutputStream }] = await Promise.all([import('node:net'), import('./output-stream.ts')]);
  const input = stdin === null ? null : new Socket({ fd: stdin, readable: false, writable: true });
  const output = (fd: number | null) =>
    fd === null ? null : new OutputStream(new Socket({ fd, readable: true, writable: false }));
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

interface Ends {
  readonly child: number;
  /** The caller's end of a pipe. */
  readonly parent: number | null;
  /** Whether `child` is to be closed after the start. */
  readonly owned: boolean;
}

function openOne(native: Native, name: string, kind: Stdio, number: number): Ends {
  if (kind === 'inherit') return { child: number, parent: null, owned: false };
  if (kind === 'ignore') return { child: openSync('/dev/null', number === 0 ? 'r' : 'w'), parent: null, owned: true };
  if (kind === 'pipe') {
    const [read, write] = native.pipe();
    return number === 0 ? { child: read, parent: write, owned: true } : { child: write, parent: read, owned: true };
  }
  if (Number.isInteger(kind) && kind >= 0) return { child: kind, parent: null, owned: false };
  throw new RequestError('ORLOP_E_INPUT', `${name} cannot lead to '${kind}'`, {
    hint: `write 'inherit', 'pipe', 'ignore' or the number of an open descriptor`,
  });
}
