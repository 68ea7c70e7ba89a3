import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { RequestError } from '../../errors/index.ts';
import type { Io } from '../io.ts';

/**
 * Reads the text of a file, or of standard input for `-`, up to `limit` bytes: a path may name an endless device.
 *
 * @throws RequestError ORLOP_E_TRACE for longer content, and for a directory
 */
export async function boundedText(io: Io, file: string, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of file === '-' ? io.stdin() : chunksOf(file)) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    chunks.push(bytes);
    total += bytes.length;
    if (total > limit) throw refusal(file, `is larger than a trace can be (${limit >> 20} MiB)`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function* chunksOf(file: string): Generator<Uint8Array> {
  const descriptor = openSync(file, 'r');
  try {
    if (fstatSync(descriptor).isDirectory()) throw refusal(file, 'is a directory');
    for (;;) {
      const buffer = Buffer.allocUnsafe(64 << 10);
      const count = readSync(descriptor, buffer);
      if (count === 0) return;
      yield buffer.subarray(0, count);
    }
  } finally {
    closeSync(descriptor);
  }
}

function refusal(file: string, what: string): RequestError {
  return new RequestError('ORLOP_E_TRACE', `'${file}' ${what}, and no trace of a start`, {
    hint: `'orlop run --trace FILE …' writes one`,
  });
}
