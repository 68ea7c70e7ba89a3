import { LaunchError } from '../errors/index.ts';
import type { Durability } from '../record/schema.ts';
import type { RunRequest } from '../request/types.ts';
import type { ResolveOptions } from '../resolve/resolve.ts';
import type { Store } from '../store/store.ts';
import { errorCode } from '../store/system-error.ts';
import { type PreparedContainer, prepareContainer } from './prepare.ts';
import type { Runtime } from './runtime.ts';

const maxKept = 64;

/** Prepared containers, keyed by the request without command and environment, which belong to each start. */
export class PreparedContainers {
  readonly #kept = new Map<string, PreparedContainer>();
  readonly #keys = new WeakMap<RunRequest, string>();

  /** Undefined: the request has to be resolved. */
  get(request: RunRequest, durability: Durability): PreparedContainer | undefined {
    return this.#kept.get(this.#keyOf(request, durability));
  }

  keep(request: RunRequest, durability: Durability, prepared: PreparedContainer): void {
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= maxKept && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(this.#keyOf(request, durability), prepared);
  }

  /** Removes a prepared container of which a check failed. */
  forget(prepared: PreparedContainer): void {
    for (const [key, kept] of this.#kept) if (kept === prepared) this.#kept.delete(key);
  }

  /** JSON of the complete request: no option can be forgotten. */
  #keyOf(request: RunRequest, durability: Durability): string {
    let key = this.#keys.get(request);
    if (key === undefined) {
      key = JSON.stringify({ ...request, argv: null, env: null });
      this.#keys.set(request, key);
    }
    return durability + key;
  }
}

/**
 * Calls `work` with the prepared container of a request: a kept one, or one that is prepared now. If a check fails, the
 * request is resolved again. No image is locked meanwhile: `work` may wait for a name or for volumes.
 *
 * @param work leaves nothing behind when it throws
 */
export async function withPrepared<Result>(
  runtime: Runtime,
  request: RunRequest,
  options: ResolveOptions,
  work: (prepared: PreparedContainer) => Promise<Result>,
): Promise<Result> {
  const { prepared: all, images, store } = runtime;
  const { durability, signal, laps } = options;
  let prepared = all.get(request, durability) ?? (await resolve(runtime, request, options));
  for (let changes = 0; ; ) {
    try {
      return await work(prepared);
    } catch (error) {
      if (!isOutdated(error)) throw error;
      laps?.lap('refused', 'something is not as it was resolved');
      if (isLocked(error)) {
        // Another process changes the images, or waits to.
        await (await images.hold({ signal })).release();
        continue;
      }
      all.forget(prepared);
      // Images change as often as others commit, which is no reason to give up.
      if (!isOfImage(error, store) && !mayRepeat(error, ++changes)) throw error;
      prepared = await resolve(runtime, request, options);
    }
  }
}

/** A program that writes a file in place truncates it first, so that the file changes several times. */
const maxAttempts = 8;

/** Calls `work`, which resolves and launches. Calls it again if something changed in between. */
export async function whileChanging<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isOutdated(error) || !mayRepeat(error, attempt + 1)) throw error;
    }
  }
}

/** True if the request may be resolved for the nth time, after a check failed. */
function mayRepeat(error: unknown, nth: number): boolean {
  return nth === 1 || (nth <= maxAttempts && errorCode(error) === 'ESTALE');
}

async function resolve(runtime: Runtime, request: RunRequest, options: ResolveOptions): Promise<PreparedContainer> {
  const prepared = await prepareContainer(runtime, request, options);
  if (prepared.resolved.repeatable) runtime.prepared.keep(request, options.durability, prepared);
  return prepared;
}

/** True if another process has the lock of the images. */
function isLocked(error: unknown): boolean {
  return errorCode(error) === 'EAGAIN' && (error as { readonly syscall?: unknown }).syscall === 'flock';
}

/** True if the check of an image's record failed. */
function isOfImage(error: unknown, { imagesPath }: Pick<Store, 'imagesPath'>): boolean {
  if (typeof error !== 'object' || error === null || !('path' in error)) return false;
  return typeof error.path === 'string' && error.path.startsWith(`${imagesPath}/`);
}

/** True if a check failed or the source of a bind mount was replaced. No application ran. */
export function isOutdated(error: unknown): boolean {
  if (error instanceof LaunchError) return error.step === 'bind';
  if (typeof error !== 'object' || error === null || !('syscall' in error)) return false;
  return error.syscall === 'stat' || error.syscall === 'flock';
}
