import { LaunchError } from '../errors/index.ts';
import type { Durability } from '../record/schema.ts';
import type { RunRequest } from '../request/types.ts';
import type { ResolveOptions } from '../resolve/resolve.ts';
import { type PreparedContainer, prepareContainer } from './prepare.ts';
import type { Runtime } from './runtime.ts';

const maxKept = 64;

/** Prepared containers, by what requests say: all but the command and its environment, which each start brings along. */
export class PreparedContainers {
  readonly #kept = new Map<string, PreparedContainer>();
  readonly #keys = new WeakMap<RunRequest, string>();

  /** Undefined where the request has to be resolved. */
  get(request: RunRequest, durability: Durability): PreparedContainer | undefined {
    return this.#kept.get(this.#keyOf(request, durability));
  }

  keep(request: RunRequest, durability: Durability, prepared: PreparedContainer): void {
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= maxKept && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(this.#keyOf(request, durability), prepared);
  }

  /** Something that was resolved is no longer so. */
  forget(prepared: PreparedContainer): void {
    for (const [key, kept] of this.#kept) if (kept === prepared) this.#kept.delete(key);
  }

  /** The whole request by its value, so that no option can be forgotten. */
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
 * Works with the prepared containers of a request: with those that are kept, or after the request was resolved. Where a
 * check fails, the request is resolved again, once.
 *
 * @param work makes nothing that stays when it throws; `again`: it must not go on for longer than a start takes
 */
export async function withPrepared<Result>(
  runtime: Runtime,
  request: RunRequest,
  options: ResolveOptions,
  work: (prepared: PreparedContainer, again: boolean) => Promise<Result>,
): Promise<Result> {
  const { prepared: all, images } = runtime;
  const { durability, signal, laps } = options;
  const prepared = all.get(request, durability) ?? (await resolve(runtime, request, options));
  try {
    return await work(prepared, false);
  } catch (error) {
    if (!isOutdated(error)) throw error;
    all.forget(prepared);
    laps?.lap('refused', 'something is not as it was resolved');
    // Until the container is on record, no image changes.
    await using _hold = await images.hold({ signal });
    return await work(await resolve(runtime, request, options), true);
  }
}

async function resolve(runtime: Runtime, request: RunRequest, options: ResolveOptions): Promise<PreparedContainer> {
  const prepared = await prepareContainer(runtime, request, options);
  if (prepared.resolved.repeatable) runtime.prepared.keep(request, options.durability, prepared);
  return prepared;
}

/** A check has failed, or the source of a bind mount is no longer the same. No application ran. */
export function isOutdated(error: unknown): boolean {
  if (error instanceof LaunchError) return error.step === 'bind';
  return error instanceof Error && 'syscall' in error && (error.syscall === 'stat' || error.syscall === 'flock');
}
