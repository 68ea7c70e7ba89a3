import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { inNextTick } from '../launch/next-tick.ts';

/** Bytes that are read ahead while the application runs: what a pipe holds by default, pipe(7). */
const readAhead = 64 << 10;

/** The largest pipe of a process without privileges, pipe(7); no more than that is left in one when its writers end. */
const largestPipe = 1 << 20;

/** The read end of a pipe that nobody reads yet. */
export interface UnreadPipe {
  /** A socket that reads it, and closes it. */
  open(): Socket;
  close(): void;
}

/**
 * What the application writes to a pipe. Its end frees the descriptor although nobody has read the stream, or ever
 * will: what the pipe still holds waits in memory, and goes with the stream.
 *
 * The pipe is read from the next turn of the event loop on: making the socket takes as long as all else that JavaScript
 * does when an application has started.
 */
export class OutputStream extends Readable {
  readonly #pipe: UnreadPipe;
  #socket: Socket | null = null;
  /** Whether it is read at once when there is a socket. */
  #wanted = false;
  #ended = false;

  constructor(pipe: UnreadPipe) {
    super({ highWaterMark: readAhead });
    this.#pipe = pipe;
    inNextTick(OutputStream.#begin, this);
  }

  static #begin(stream: OutputStream): void {
    if (stream.destroyed) return;
    try {
      stream.#read(stream.#pipe.open());
    } catch (error) {
      // Nobody's call, so thrown here it would end the program.
      stream.destroy(error as Error);
    }
  }

  #read(socket: Socket): void {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (!this.push(chunk) && !this.#drains()) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    if (!this.#wanted) socket.pause();
  }

  /** The application has ended. */
  finish(): void {
    this.#ended = true;
    this._read();
  }

  override _read(): void {
    this.#wanted = true;
    this.#socket?.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#socket === null) this.#pipe.close();
    else this.#socket.destroy();
    done(error);
  }

  /** Bounded, because the application may have sent its end of the pipe to somebody who goes on writing. */
  #drains(): boolean {
    return this.#ended && this.readableLength < largestPipe;
  }
}
