import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { inNextTick } from '../launch/next-tick.ts';

/** Bytes to buffer while the application runs: the default capacity of a pipe, pipe(7). */
const readAheadBytes = 64 << 10;

/** Largest capacity of a pipe without privileges, pipe(7), and so the most that is left in one at the exit. */
const maxPipeBytes = 1 << 20;

/** Read end of a pipe that has no reader yet. */
export interface UnreadPipe {
  /** Makes a socket that reads and closes the pipe. */
  open(): Socket;
  close(): void;
}

/**
 * Output of the application from a pipe. The exit frees the descriptor, read or not: the rest in the pipe is moved to
 * memory and freed with the stream.
 *
 * The pipe is read from the next tick of the event loop on, because making the socket takes as long as the rest of the
 * JavaScript after a start.
 */
export class OutputStream extends Readable {
  readonly #pipe: UnreadPipe;
  #socket: Socket | null = null;
  /** The stream was read before the socket was made. */
  #wanted = false;
  #ended = false;
  #complete = false;

  constructor(pipe: UnreadPipe) {
    super({ highWaterMark: readAheadBytes });
    this.#pipe = pipe;
    inNextTick(OutputStream.#begin, this);
  }

  static #begin(stream: OutputStream): void {
    if (stream.destroyed) return;
    try {
      stream.#read(stream.#pipe.open());
    } catch (error) {
      // No caller could catch an error that is thrown here.
      stream.destroy(error as Error);
    }
  }

  #read(socket: Socket): void {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (!this.push(chunk) && !this.#drains()) socket.pause();
    });
    socket.on('end', () => {
      this.#complete = true;
      this.push(null);
    });
    socket.on('error', (error) => this.destroy(error));
    if (!this.#wanted) socket.pause();
  }

  /** True if all was read from the pipe, up to its end. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Reads the rest and frees the descriptor: the application has exited. */
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

  /** True while the rest is read to memory. Bounded, because another process may still write to the pipe. */
  #drains(): boolean {
    return this.#ended && this.readableLength < maxPipeBytes;
  }
}
