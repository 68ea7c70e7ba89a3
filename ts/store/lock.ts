import { closeSync, constants, fstatSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RequestError } from '../errors/index.ts';
import type { Native } from '../native/contract.ts';
import { errorCode } from './system-error.ts';

export type LockMode = 'shared' | 'exclusive';

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Time to wait for another holder, in ms. Default: no limit, because the kernel frees the lock of a dead holder. */
  readonly timeoutMs?: number | undefined;
}

/** A held lock. The kernel frees it when this process dies. */
export interface Lock extends AsyncDisposable {
  readonly mode: LockMode;
  release(): Promise<void>;
  /** Releases the lock synchronously. */
  releaseSync(): void;
  /** Releases an exclusive lock and removes its file, after the locked object is gone. */
  retire(): Promise<void>;
}

/**
 * Takes the lock; null if another holder has it.
 *
 * Synchronous: lock files lie in the run directory, in memory, where a call takes some microseconds. libuv's threads
 * would take ten times as long, for each lock of each start.
 */
export function tryLock(native: Native, path: string, mode: LockMode): Lock | null {
  for (;;) {
    const file = openLock(path);
    let lock: Lock | null = null;
    try {
      if (!native.tryLock(file, mode)) return null;
      // A retired lock file is unlinked. Other processes would open a new file of the same name, so the lock would not
      // exclude them.
      const { nlink, size } = fstatSync(file);
      if (nlink === 0) continue;
      if (mode === 'shared' && size > 0 && isWriterWaiting(native, path, file)) return null;
      lock = held(file, path, mode);
      return lock;
    } finally {
      if (lock === null) closeSync(file);
    }
  }
}

/**
 * Waits for the lock.
 *
 * @throws RequestError ORLOP_E_TIMEOUT after `timeoutMs`, ORLOP_E_ABORTED if the signal fires
 */
export async function waitForLock(
  native: Native,
  path: string,
  mode: LockMode,
  what: string,
  { signal, timeoutMs }: LockOptions = {},
): Promise<Lock> {
  const deadlineMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 32)) {
    if (signal?.aborted) throw aborted(what, signal);
    const lock = tryLock(native, path, mode);
    if (lock !== null) return lock;
    const leftMs = deadlineMs - performance.now();
    if (leftMs <= 0) {
      throw new RequestError('ORLOP_E_TIMEOUT', `${what} is in use by another process for more than ${timeoutMs} ms`, {
        hint: 'wait for the other command to end, then try again',
      });
    }
    // Half of the pause is random: with equal pauses, waiting processes would collide again and again.
    await delay(Math.min(pauseMs * (0.5 + Math.random() / 2), leftMs), undefined, signal ? { signal } : {}).catch(
      () => {},
    );
  }
}

/**
 * Waits for the exclusive lock. From the first attempt that fails, no one else gets it shared: otherwise shared holders
 * that overlap would keep this caller waiting for ever.
 *
 * The caller holds a second lock, the gate, and makes the lock file one byte long. Who takes the lock shared looks at
 * the file in any case, and asks for the gate only if the file has a byte. So this costs others nothing while no one
 * waits. The byte of a killed process says nothing, because the kernel has freed the gate. `native/fs/changes.cc` has
 * the other half for prepared starts.
 *
 * @throws RequestError as `waitForLock`
 */
export async function waitToWrite(
  native: Native,
  path: string,
  what: string,
  options?: LockOptions,
): Promise<Pick<Lock, 'release'> & AsyncDisposable> {
  // Held to the end: between two writers, readers have their turn.
  const gate = await waitForLock(native, gateOf(path), 'exclusive', what, options);
  try {
    const lock = tryLock(native, path, 'exclusive') ?? (await behindGate(native, path, what, options));
    const release = async (): Promise<void> => {
      lock.releaseSync();
      gate.releaseSync();
    };
    return { release, [Symbol.asyncDispose]: release };
  } catch (error) {
    gate.releaseSync();
    throw error;
  }
}

async function behindGate(native: Native, path: string, what: string, options?: LockOptions): Promise<Lock> {
  setLength(path, 1);
  try {
    return await waitForLock(native, path, 'exclusive', what, options);
  } finally {
    setLength(path, 0);
  }
}

function gateOf(path: string): string {
  return `${path}.gate`;
}

function setLength(path: string, length: number): void {
  const file = openLock(path);
  try {
    ftruncateSync(file, length);
  } finally {
    closeSync(file);
  }
}

/** True if the gate of a lock file with a byte is held. Otherwise the byte is of a killed process, and is removed. */
function isWriterWaiting(native: Native, path: string, file: number): boolean {
  const gate = tryLock(native, gateOf(path), 'shared');
  if (gate === null) return true;
  // The gate is held, so no writer has set the byte anew.
  ftruncateSync(file, 0);
  gate.releaseSync();
  return false;
}

function aborted(what: string, signal: AbortSignal): RequestError {
  return new RequestError('ORLOP_E_ABORTED', `waiting for ${what} was aborted`, { cause: signal.reason });
}

function openLock(path: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  try {
    return openSync(path, flags, 0o600);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return openSync(path, flags, 0o600);
  }
}

function held(file: number, path: string, mode: LockMode): Lock {
  let open = true;
  const releaseSync = (): void => {
    if (!open) return;
    open = false;
    closeSync(file);
  };
  const release = async (): Promise<void> => releaseSync();
  return {
    mode,
    release,
    releaseSync,
    async retire() {
      if (open && mode === 'exclusive') await unlink(path).catch(() => {});
      await release();
    },
    [Symbol.asyncDispose]: release,
  };
}
