import type { Readable, Writable } from 'node:stream';
import { RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import { nextTick } from '../launch/next-tick.ts';
import type { StdioStreams } from '../supervise/streams.ts';

type Chunk = string | Uint8Array;
type Next = IteratorResult<Chunk> | Promise<IteratorResult<Chunk>>;

/** How to read and to close what the caller gave. */
interface Origin {
  next(): Next;
  close(): unknown;
}

/** Input of a run. Taken before the start: a stream may fail while the start goes on. */
export class Source implements Disposable {
  readonly #origin: Origin;
  #over = false;

  constructor(origin: Origin) {
    this.#origin = origin;
  }

  async next(): Promise<IteratorResult<Chunk>> {
    const next = await this.#origin.next();
    // Not closed after its end: a socket may still be written to.
    if (next.done) this.#over = true;
    return next;
  }

  /** Closes a source whose rest is not wanted. */
  [Symbol.dispose](): void {
    if (this.#over) return;
    this.#over = true;
    // Not awaited, because a generator that waits for something ends after that.
    (async () => this.#origin.close())().catch(() => {});
  }
}

/**
 * Takes the input of a run; null for none.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function takeInput(input: unknown): Source | null {
  if (input === undefined) return null;
  let origin: Origin | null;
  try {
    origin = originOf(input);
  } catch (cause) {
    throw unreadable(cause);
  }
  if (origin !== null) return new Source(origin);
  throw new RequestError('ORLOP_E_INPUT', `the input is ${typeof input}, expected a string or a Uint8Array`, {
    hint: 'or a stream or another iterable of them',
  });
}

function originOf(input: unknown): Origin | null {
  if (input === null) return iteration([]);
  // Not by its class: another context of V8 has a Uint8Array of its own.
  if (typeof input === 'string' || ArrayBuffer.isView(input)) return iteration([input as Chunk]);
  if (typeof input !== 'object') return null;
  if (has(input, 'getReader')) return webStream(input as ReadableStream<Chunk>);
  return has(input, 'on') && has(input, 'destroy') ? stream(input as Readable) : iteration(input);
}

function has(object: object, method: string): boolean {
  return typeof (object as Record<string, unknown>)[method] === 'function';
}

function iteration(input: Partial<Iterable<Chunk> & AsyncIterable<Chunk>>): Origin | null {
  const iterator = input[Symbol.asyncIterator]?.() ?? input[Symbol.iterator]?.();
  if (iterator === undefined) return null;
  return { next: () => iterator.next(), close: () => iterator.return?.() };
}

/** Its iterator could not be closed while it waits. */
function webStream(input: ReadableStream<Chunk>): Origin {
  const reader = input.getReader();
  return { next: () => reader.read() as Promise<IteratorResult<Chunk>>, close: () => reader.cancel() };
}

/** Its iterator could not be closed while it waits, and would destroy a socket at its end. */
function stream(input: Readable): Origin {
  // Its iterator would give nothing, as if the caller had nothing to say.
  if (input.readableEnded) throw new Error('the stream was read to its end before');
  const ignore = () => {};
  input.on('error', ignore);
  input.once('close', () => input.off('error', ignore));
  // Streams of another package may lack `iterator`.
  const iterator = input.iterator?.({ destroyOnReturn: false }) ?? input[Symbol.asyncIterator]();
  return { next: () => iterator.next(), close: () => input.destroy() };
}

/**
 * Writes the input. An application that does not read all of it is no error.
 *
 * @throws RequestError ORLOP_E_INPUT when the caller's stream or iterable fails
 */
export async function feed(streams: Promise<StdioStreams>, exited: Promise<unknown>, source: Source): Promise<void> {
  try {
    const { stdin, finish } = await streams;
    exited.then(finish, finish);
    if (stdin === null) return;
    stdin.on('error', () => {});
    // A source may have nothing more to give until long after the exit.
    await Promise.race([copy(source, stdin), exited.catch(() => {})]);
  } catch (cause) {
    throw unreadable(cause);
  } finally {
    source[Symbol.dispose]();
  }
}

/** Number of chunks after which other callbacks of the program run, also if no chunk was waited for. */
const chunksAtOnce = 64;

async function copy(source: Source, stdin: Writable): Promise<void> {
  for (let count = 1; ; count++) {
    const { done, value } = await source.next();
    if (stdin.destroyed) return;
    if (done) break;
    if (!(await written(stdin, value))) return;
    if (count % chunksAtOnce === 0) await nextTick();
  }
  stdin.end();
}

/** Resolves when the source may use the memory of the chunk again. False if the application reads no more. */
function written(stdin: Writable, chunk: Chunk): Promise<boolean> {
  return new Promise((resolve) => stdin.write(chunk, (error) => resolve(!error)));
}

function unreadable(cause: unknown): RequestError {
  return new RequestError('ORLOP_E_INPUT', `the input cannot be read: ${messageOf(cause)}`, { cause });
}
