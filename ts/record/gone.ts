import { RequestError } from '../errors/index.ts';

/** Ignores that another program has removed the container. */
export function ignoreGone(error: unknown): void {
  if (!(error instanceof RequestError && error.code === 'ORLOP_E_NO_CONTAINER')) throw error;
}
