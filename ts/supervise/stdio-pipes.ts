import { RequestError } from '../errors/index.ts';
import { type Native, stdioSource } from '../native/contract.ts';
import type { Stdio, StdioRequest } from './stdio.ts';
import { type PipeEnds, type StdioStreams, streamsOver } from './streams.ts';

/**
 * Chooses the sources of an application's standard streams: descriptors of the caller, or what the launcher thread
 * opens. Pure.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function stdioSources({ stdin, stdout, stderr }: StdioRequest): [number, number, number] {
  return [
    sourceOf('stdin', stdin, 0),
    sourceOf('stdout', stdout, 1),
    stderr === 'stdout' ? stdioSource.sameAsBefore : sourceOf('stderr', stderr, 2),
  ];
}

function sourceOf(name: string, kind: Stdio, number: number): number {
  if (kind === 'inherit') return number;
  if (kind === 'ignore') return number === 0 ? stdioSource.nothingToRead : stdioSource.nothingToWrite;
  if (kind === 'pipe') return number === 0 ? stdioSource.pipeToApplication : stdioSource.pipeFromApplication;
  return descriptorOf(name, kind);
}

/** @throws RequestError ORLOP_E_INPUT */
export function descriptorOf(name: string, kind: number): number {
  if (Number.isInteger(kind) && kind >= 0) return kind;
  throw new RequestError('ORLOP_E_INPUT', `${name} cannot lead to '${kind}'`, {
    hint: `write 'inherit', 'pipe', 'ignore' or the number of an open descriptor`,
  });
}

/** The caller's ends of the pipes that were opened for a started application. */
export class StdioPipes {
  readonly #native: Native;
  readonly #ends: PipeEnds;

  /** @param pipes in the order of the sources that are pipes, without those that the launcher collects */
  constructor(native: Native, sources: readonly number[], pipes: readonly number[], collected: boolean) {
    this.#native = native;
    const rest = [...pipes];
    const end = (number: number) => {
      const kind = sources[number];
      const isPipe = kind === stdioSource.pipeToApplication || (kind === stdioSource.pipeFromApplication && !collected);
      return isPipe ? (rest.shift() ?? null) : null;
    };
    this.#ends = [end(0), end(1), end(2)];
  }

  /** Makes streams over the pipes. Call it once. */
  streams(): Promise<StdioStreams> {
    return streamsOver(this.#native, this.#ends);
  }
}
