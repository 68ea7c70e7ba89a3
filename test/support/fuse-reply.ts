import { writeSync } from 'node:fs';

/**
 * Answers a request of /dev/fuse, fuse(4): with a body, or with an errno.
 *
 * @param request begins with the header of the request
 */
export function reply(device: number, request: Buffer, result: Buffer | number): void {
  const body = typeof result === 'number' ? Buffer.alloc(0) : result;
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length, 0);
  header.writeInt32LE(typeof result === 'number' ? -result : 0, 4);
  request.copy(header, 8, 8, 16);
  writeSync(device, Buffer.concat([header, body]));
}
