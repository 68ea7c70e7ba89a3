import { closeSync, openSync } from 'node:fs';
import type { Native } from '../native/contract.ts';
import { type PipeEnds, type StdioStreams, streamsOver } from './streams.ts';
import { descriptorOf } from './supplies.ts';

/** Where a standard stream of the application leads: the caller's own, nowhere, a pipe, or a descriptor. */
export type Stdio = 'inherit' | 'ignore' | 'pipe' | number;

export interface StdioRequest {
  readonly stdin: Stdio;
  readonly stdout: Stdio;
  /** 'stdout': the same descriptor as stdout, so that what is written to both keeps its order. */
  readonly stderr: Stdio | 'stdout';
}

/** The three descriptors for the application, and the caller's ends of the pipes. */
export interface OpenStdio {
  readonly descriptors: readonly [number, number, number];
  /** Closes the application's ends; the start has duplicated them. */
  closeChildEnds(): void;
  /** Streams over the caller's ends; call it once. */
  streams(): Promise<StdioStreams>;
  /** The caller's ends of stdout and stderr, as far as they are pipes, for somebody else to read and close. */
  takeOutputs(): number[];
  /** Closes the caller's ends when there was no start. */
  abandon(): void;
}

/**
 * Opens what the application gets as its standard streams.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function openStdio(native: Native, request: StdioRequest): OpenStdio {
  const ends: Ends[] = [];
  const closeChildEnds = () => {
    for (const one of ends) one.closeChild();
  };
  const outputs = [1, 2];
  const parentOf = (number: number) => (taken && outputs.includes(number) ? null : (ends[number]?.parent ?? null));
  const parents = (): PipeEnds => [parentOf(0), parentOf(1), parentOf(2)];
  let taken = false;
  const abandon = () => {
    for (const parent of parents()) if (parent !== null) native.closeSync(parent);
  };
  try {
    for (const [number, name] of (['stdin', 'stdout', 'stderr'] as const).entries()) {
      const kind = request[name];
      ends.push(kind === 'stdout' ? sameAs(ends[1]) : openOne(native, name, kind, number));
    }
  } catch (error) {
    closeChildEnds();
    abandon();
    throw error;
  }
  return {
    descriptors: [ends[0]?.child ?? 0, ends[1]?.child ?? 1, ends[2]?.child ?? 2],
    closeChildEnds,
    abandon,
    takeOutputs: () => {
      const given = outputs.flatMap((number) => ends[number]?.parent ?? []);
      taken = true;
      return given;
    },
    streams: () => streamsOver(native, parents()),
  };
}

interface Ends {
  readonly child: number;
  /** The caller's end of a pipe. */
  readonly parent: number | null;
  /** After the start; what is the caller's own stays open. */
  closeChild(): void;
}

function sameAs(stdout: Ends | undefined): Ends {
  return { child: stdout?.child ?? 1, parent: null, closeChild: () => {} };
}

function openOne(native: Native, name: string, kind: Stdio, number: number): Ends {
  const callers = (child: number): Ends => ({ child, parent: null, closeChild: () => {} });
  if (kind === 'inherit') return callers(number);
  if (kind === 'ignore') {
    const child = openSync('/dev/null', number === 0 ? 'r' : 'w');
    return { child, parent: null, closeChild: () => closeSync(child) };
  }
  if (kind === 'pipe') {
    const [read, write] = native.pipe();
    const [child, parent] = number === 0 ? [read, write] : [write, read];
    return { child, parent, closeChild: () => native.closeSync(child) };
  }
  return callers(descriptorOf(name, kind));
}
