import type { Socket } from 'node:net';
import { Readable } from 'node:stream';

/** Bytes that are read ahead while the application runs: what a pipe holds by default, pipe(7). */
const readAhead = 64 << 10;

/** The largest pipe of a process without privileges, pipe(7); no more than that is left in one when its writers end. */
const largestPipe = 1 << 20;

/**
 * What the application writes to a pipe. Its end frees the descriptor although nobody has read the stream, or ever
 * will: what the pipe still holds waits in memory, and goes with the stream.
 */
export class OutputStream extends Readable {
  readonly #socket: Socket;
  #ended = false;

  constructor(socket: Socket) {
    super({ highWaterMark: readAhead });
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (!this.push(chunk) && !this.#drains()) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.pause();
  }

  /** The application has ended. */
  finish(): void {
    this.#ended = true;
    this.#socket.resume();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  /** Bounded, because the application may have sent its end of the pipe to somebody who goes on writing. */
  #drains(): boolean {
    return this.#ended && this.readableLength < largestPipe;
  }
}
