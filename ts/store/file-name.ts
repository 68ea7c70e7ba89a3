import { createHash } from 'node:crypto';

/** Leaves room for an ending in the 255 bytes that a file system allows. */
const longest = 200;

/** A file name that stands for a text of any kind and length: readable where it is short. Pure. */
export function fileNameFor(text: string): string {
  const name = encodeURIComponent(text);
  return name.length <= longest ? name : createHash('sha256').update(text).digest('hex');
}
