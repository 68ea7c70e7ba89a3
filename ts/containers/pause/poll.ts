import { setTimeout as delay } from 'node:timers/promises';
import { RequestError } from '../../errors/index.ts';

const timeoutMs = 10_000;

/**
 * Polls for a state of the kernel.
 *
 * @throws RequestError ORLOP_E_TIMEOUT after ten seconds
 */
export async function pollUntil(what: string, reached: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (let pause = 1; !(await reached()); pause = Math.min(pause * 2, 20)) {
    if (performance.now() > end) {
      throw new RequestError('ORLOP_E_TIMEOUT', `waited ${timeoutMs / 1000} s until ${what}`, {
        hint: 'a process may hang in a system call; commit without a pause: --pause=false',
      });
    }
    await delay(pause);
  }
}
