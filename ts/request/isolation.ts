import { RequestError } from '../errors/index.ts';
import { type IsolationName, isolationNames } from '../native/isolation-types.ts';
import { nearest, quote } from './text.ts';

/** Values of Docker's option, which names a technology of Windows. */
const dockersDefault = new Set(['', 'default']);

/**
 * Parses the names of what must hold: a list, or a text with commas between them. Each name once, in a fixed order.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function parseIsolation(given: string | readonly string[]): readonly IsolationName[] {
  const names = typeof given === 'string' ? given.split(',').filter((name) => !dockersDefault.has(name)) : given;
  for (const name of names) {
    if (isolationNames.some((one) => one === name)) continue;
    const close = nearest(name, isolationNames);
    throw new RequestError('ORLOP_E_INPUT', `there is no isolation ${quote(name)}`, {
      hint: close === undefined ? `choose among ${isolationNames.join(', ')}` : `did you mean '${close}'?`,
    });
  }
  return isolationNames.filter((name) => names.includes(name));
}
