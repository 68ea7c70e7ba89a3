import type { RequestError } from '../errors/index.ts';
import type { Damaged } from './types.ts';

/** An object of the store whose record cannot be read, as a list tells of it. Pure. */
export function damagedAt(path: string, { message, hint }: RequestError): Damaged {
  return { path, message, hint };
}
