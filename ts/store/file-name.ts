import { createHash } from 'node:crypto';

/** Maximum length of a name, which leaves room for a suffix in the 255 bytes of a file name. */
const maxLength = 200;

/** A file name for any text: readable if the text is short, otherwise its hash. Pure. */
export function fileNameFor(text: string): string {
  const name = encodeURIComponent(text);
  return name.length <= maxLength ? name : createHash('sha256').update(text).digest('hex');
}
