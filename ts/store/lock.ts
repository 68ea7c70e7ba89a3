import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RequestError } from '../errors/index.ts';
import type { Native } from '../native/contract.ts';
import { errorCode } from './system-error.ts';

export type LockMode = 'shared' | 'exclusive';

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for another holder, in ms. Default: without end, since a dead holder's lock is free. */
  readonly timeoutMs?: number | undefined;
}

/** A lock that is held; the kernel frees it when this process dies. */
export interface Lock extends AsyncDisposable {
  readonly mode: LockMode;
  release(): Promise<void>;
  /** Releases an exclusive lock and removes its file, when what it protected is gone. */
  retire(): Promise<void>;
}

/** The lock, or null when another holds it. */
export async function tryLock(native: Native, path: string, mode: LockMode): Promise<Lock | null> {
  for (;;) {
    const file = await openLock(path);
    try {
      if (!native.tryLock(file.fd, mode)) {
        await file.close();
        return null;
      }
      // A retired lock file is not the one that others will open now: two would hold the same name.
      if ((await file.stat()).nlink > 0) return held(file, path, mode);
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
  }
}

/**
 * Waits for the lock.
 *
 * @throws RequestError ORLOP_E_TIMEOUT after `timeoutMs`, ORLOP_E_ABORTED when the signal fires
 */
export async function waitForLock(
  native: Native,
  path: string,
  mode: LockMode,
  what: string,
  { signal, timeoutMs }: LockOptions = {},
): Promise<Lock> {
  const deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  for (let pause = 1; ; pause = Math.min(pause * 2, 32)) {
    if (signal?.aborted) throw aborted(what, signal);
    const lock = await tryLock(native, path, mode);
    if (lock !== null) return lock;
    const left = deadline - performance.now();
    if (left <= 0) {
      throw new RequestError('ORLOP_E_TIMEOUT', `${what} is in use by another process for more than ${timeoutMs} ms`, {
        hint: 'wait for the other command to end, then try again',
      });
    }
    // Half of the pause is chance: equal pauses would make the waiting processes meet again and again.
    await delay(Math.min(pause * (0.5 + Math.random() / 2), left), undefined, signal ? { signal } : {}).catch(() => {});
  }
}

function aborted(what: string, signal: AbortSignal): RequestError {
  return new RequestError('ORLOP_E_ABORTED', `waiting for ${what} was aborted`, { cause: signal.reason });
}

async function openLock(path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return open(path, flags, 0o600);
  }
}

function held(file: FileHandle, path: string, mode: LockMode): Lock {
  let open = true;
  const release = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await file.close();
  };
  return {
    mode,
    release,
    async retire() {
      if (open && mode === 'exclusive') await unlink(path).catch(() => {});
      await release();
    },
    [Symbol.asyncDispose]: release,
  };
}
