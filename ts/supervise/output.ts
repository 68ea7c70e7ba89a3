import type { Readable } from 'node:stream';
import { RequestError } from '../errors/index.ts';

/**
 * Collects a stream up to `limit` bytes.
 *
 * @throws RequestError ORLOP_E_BUFFER when there is more; `onOverflow` was called first
 */
export async function collect(name: string, stream: Readable, limit: number, onOverflow: () => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      onOverflow();
      throw new RequestError('ORLOP_E_BUFFER', `the application wrote more than ${limit} bytes to its ${name}`, {
        hint: `raise maxBuffer, or read the stream: ${name}: 'pipe'`,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
