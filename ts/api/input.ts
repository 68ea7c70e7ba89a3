import type { Writable } from 'node:stream';
import type { Started } from '../containers/start.ts';
import { RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import type * as t from './types.ts';

/** @throws RequestError ORLOP_E_INPUT */
export function requireInput(input: unknown): void {
  if (input === undefined || input === null || typeof input === 'string' || ArrayBuffer.isView(input)) return;
  if (typeof input === 'object' && (Symbol.asyncIterator in input || Symbol.iterator in input)) return;
  throw new RequestError('ORLOP_E_INPUT', `the input is ${typeof input}, expected a string or a Uint8Array`, {
    hint: 'or a stream or another iterable of them',
  });
}

/**
 * Writes the input. An application that does not read all of it is no error.
 *
 * @throws RequestError ORLOP_E_INPUT when the caller's stream or iterable fails
 */
export async function feed({ stdio, exited }: Started, input: t.Input): Promise<void> {
  const { stdin, finish } = await stdio.streams();
  exited.then(finish, finish);
  if (stdin === null) return;
  stdin.on('error', () => {});
  // Not by its class: another context of V8 has a Uint8Array of its own.
  if (input === null || typeof input === 'string' || ArrayBuffer.isView(input)) {
    stdin.end(input);
    return;
  }
  const source = Symbol.asyncIterator in input ? input[Symbol.asyncIterator]() : input[Symbol.iterator]();
  try {
    // A source may have nothing more to give until long after the exit.
    await Promise.race([copy(source, stdin), exited.catch(() => {})]);
  } catch (cause) {
    throw new RequestError('ORLOP_E_INPUT', `the input cannot be read: ${messageOf(cause)}`, { cause });
  } finally {
    close(input, source);
  }
}

/** Closes a source whose rest is not wanted. */
function close(input: t.Input & object, source: Iterator<unknown> | AsyncIterator<unknown>): void {
  // The iterator of a stream that has nothing to read would close it when something comes.
  if ('destroy' in input && typeof input.destroy === 'function') input.destroy();
  // Not awaited, because a generator that waits for something ends after that.
  else (async () => source.return?.())().catch(() => {});
}

async function copy(
  source: Iterator<string | Uint8Array> | AsyncIterator<string | Uint8Array>,
  stdin: Writable,
): Promise<void> {
  for (;;) {
    const { done, value } = await source.next();
    if (stdin.destroyed) return;
    if (done) break;
    if (!stdin.write(value)) await drained(stdin);
  }
  stdin.end();
}

/** Resolves when the stream takes more, or is closed. */
function drained(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      stdin.off('drain', settle);
      stdin.off('close', settle);
      resolve();
    };
    stdin.on('drain', settle);
    stdin.on('close', settle);
    if (stdin.destroyed) settle();
  });
}
