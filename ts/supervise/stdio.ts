import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
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
}

/** Opens what the application gets as its standard streams. */
export function openStdio(native: Native, request: StdioRequest): OpenStdio {
  const child: number[] = [];
  const parent: (number | null)[] = [];
  const mine: number[] = [];
  const streamsOf = [request.stdin, request.stdout, request.stderr] as const;
  for (const [number, kind] of streamsOf.entries()) {
    const ends = openOne(native, kind, number);
    child.push(ends.child);
    parent.push(ends.parent);
    if (ends.owned) mine.push(ends.child);
  }
  const close = (list: readonly (number | null)[]) => {
    for (const fd of list) if (fd !== null) closeSync(fd);
  };
  return {
    descriptors: [child[0] ?? 0, child[1] ?? 1, child[2] ?? 2],
    closeChildEnds: () => close(mine),
    abandon: () => close(parent),
    async streams() {
      const [stdin = null, stdout = null, stderr = null] = parent;
      if (stdin === null && stdout === null && stderr === null) return { stdin: null, stdout: null, stderr: null };
      // node:net is only loaded for pipes: a command line that inherits its streams starts faster without it.
      const net = await import('node:net');
      const open = (fd: number | null, writable: boolean): Socket | null =>
        fd === null ? null : new net.Socket({ fd, readable: !writable, writable });
      return { stdin: open(stdin, true), stdout: open(stdout, false), stderr: open(stderr, false) };
    },
  };
}

function openOne(
  native: Native,
  kind: Stdio,
  number: number,
): { child: number; parent: number | null; owned: boolean } {
  if (kind === 'inherit') return { child: number, parent: null, owned: false };
  if (typeof kind === 'number') return { child: kind, parent: null, owned: false };
  if (kind === 'ignore') return { child: openSync('/dev/null', number === 0 ? 'r' : 'w'), parent: null, owned: true };
  const [read, write] = native.pipe();
  return number === 0 ? { child: read, parent: write, owned: true } : { child: write, parent: read, owned: true };
}
