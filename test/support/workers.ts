import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Starts `store-worker.ts` on a store. */
export function startWorker(root: string, run: string, ...work: string[]): ChildProcess {
  const argv = ['--import=tsx', 'test/support/store-worker.ts', root, run, ...work];
  return spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Waits until the worker has printed `wanted` that many times. Fails if it exits before. */
export async function untilSaid(worker: ChildProcess, wanted: string, times = 1): Promise<void> {
  if (worker.stdout === null) throw new Error('the worker has no output');
  let said = 0;
  for await (const line of createInterface(worker.stdout)) {
    if (line === wanted && ++said === times) return;
  }
  throw new Error(`the worker ended before it said '${wanted}' ${times} times`);
}

/** Kills the worker and waits until it has exited. */
export async function kill(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const exit = once(worker, 'exit');
  worker.kill('SIGKILL');
  await exit;
}
