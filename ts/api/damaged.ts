import type { RequestError } from '../errors/index.ts';
import type { Damaged } from './types.ts';

/** Entry of a listing for an object whose record cannot be read. Pure. */
export function damagedAt(path: string, { message, hint }: RequestError): Damaged {
  return { path, message, hint };
}
