import { setTimeout as delay } from 'node:timers/promises';
import { RequestError } from '../../errors/index.ts';

/** Milliseconds. */
const longest = 10_000;

/**
 * Waits for a state of the kernel that nothing announces.
 *
 * @throws RequestError ORLOP_E_TIMEOUT after ten seconds
 */
export async function pollUntil(what: string, reached: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + longest;
  for (let pause = 1; !(await reached()); pause = Math.min(pause * 2, 20)) {
    if (performance.now() > end) {
      throw new RequestError('ORLOP_E_TIMEOUT', `waited ${longest / 1000} s until ${what}`, {
        hint: 'a process may hang in a system call; commit without a pause: --pause=false',
      });
    }
    await delay(pause);
  }
}
