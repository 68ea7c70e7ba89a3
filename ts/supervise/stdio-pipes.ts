import { type Native, type Relay, stdioSource } from '../native/contract.ts';
import type { StdioSources } from './stdio-sources.ts';
import { type PipeEnds, type StdioStreams, streamsOver } from './streams.ts';

/** The caller's ends of the pipes that were opened for a started application. */
export class StdioPipes {
  readonly #native: Native;
  readonly #ends: PipeEnds;
  readonly #relays: Relay[] = [];

  /**
   * Begins to copy from and to the caller's files.
   *
   * @param pipes in the order of the sources that are pipes, without those that the launcher collects
   */
  constructor(native: Native, { sources, files }: StdioSources, pipes: readonly number[], collected: boolean) {
    this.#native = native;
    const rest = [...pipes];
    const end = (number: 0 | 1 | 2) => {
      const kind = sources[number];
      const isPipe = kind === stdioSource.pipeToApplication || (kind === stdioSource.pipeFromApplication && !collected);
      const pipe = isPipe ? (rest.shift() ?? null) : null;
      const file = files[number];
      if (pipe === null || file === null) return pipe;
      this.#relays.push(number === 0 ? feed(native, file, pipe) : native.relay(pipe, file));
      return null;
    };
    this.#ends = [end(0), end(1), end(2)];
    // A failure is reported after the application's exit.
    for (const { ended } of this.#relays) ended.catch(() => {});
  }

  /** Makes streams over the pipes. Call it once. */
  streams(): Promise<StdioStreams> {
    return streamsOver(this.#native, this.#ends);
  }

  /** True if the output goes to a file of the caller, so that it is not complete at the application's exit. */
  get copies(): boolean {
    return this.#relays.length > 0;
  }

  /** Resolves when the caller's files have all output. Call it after the exit of the application. */
  async copied(): Promise<void> {
    // A process outside the container may hold a pipe (the application can send it), so end of file may never come.
    for (const relay of this.#relays) relay.finish();
    await Promise.all(this.#relays.map(({ ended }) => ended));
  }
}

/** Copies a file to the application. One that does not read all of it is no error. */
function feed(native: Native, file: number, pipe: number): Relay {
  const relay = native.feed(file, pipe);
  const ended = relay.ended.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return { ended, finish: relay.finish };
}
