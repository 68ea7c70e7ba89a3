import { LaunchError, RequestError } from '../../errors/index.ts';
import { helperExecutable } from '../../native/helper.ts';
import type { EnvEntry, RunRequest } from '../../request/types.ts';
import type { Runtime } from '../runtime.ts';
import { forgetSources } from '../sources.ts';
import type { Started } from '../start.ts';
import { type ApplicationRequest, becomeApplication } from './application.ts';
import { dropMember, killed, type Member, MemberGone, makeMember, memberOver } from './member.ts';
import { Stock } from './stock.ts';
import { PoolVolumes } from './volumes.ts';

/** What a request may ask for itself; all else is the pool's. */
export type OwnRequest = Pick<RunRequest, 'argv' | 'env' | 'user' | 'workdir' | 'mounts'>;

/** An application that runs, and the container that it runs in. */
export interface InPool {
  readonly started: Started;
  readonly container: { readonly id: string; readonly name: string };
}

/** A member may be killed while it waits, and the next one too; more than that is no accident. */
const attempts = 3;

/** Containers of one image that are made ahead. */
export class MemberPool {
  readonly #runtime: Runtime;
  readonly #defaults: RunRequest;
  readonly #stock: Stock<Member>;
  readonly #volumes: PoolVolumes;
  #started = 0;
  #running = 0;

  constructor(runtime: Runtime, defaults: RunRequest, size: number) {
    this.#runtime = runtime;
    this.#defaults = defaults;
    this.#volumes = new PoolVolumes(runtime);
    const helper = helperExecutable();
    this.#stock = new Stock<Member>(size, {
      make: () => makeMember(runtime, defaults, helper),
      spoiled: (member) => memberOver(runtime, member),
      drop: (member) => dropMember(runtime, member),
    });
  }

  get stats() {
    const { size, ready, making, waiting } = this.#stock;
    return { size, ready, making, waiting, running: this.#running, started: this.#started };
  }

  /** Resolves when as many members wait as the pool holds. */
  async fill(): Promise<void> {
    try {
      await this.#stock.fill();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Runs an application in a member, which is used for nothing else before or after.
   *
   * @throws RequestError, LaunchError as a start does; ORLOP_E_CLOSED
   */
  async start(own: OwnRequest, how: Omit<ApplicationRequest, 'request'>): Promise<InPool> {
    const { signal, laps } = how;
    const request: ApplicationRequest = { ...how, request: merge(this.#defaults, own) };
    for (let attempt = 1; ; attempt++) {
      const member = await this.#stock.take(signal);
      laps.lap('take', 'a member that waits');
      try {
        return this.#follow(member, await becomeApplication(this.#runtime, this.#volumes, member, request));
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (attempt === attempts) throw error instanceof MemberGone ? killed() : error;
        // A source has been replaced since it was seen; if that was not all, the host's mounts have changed, and members
        // that were made before may not see what this request names.
        forgetSources(this.#runtime.store, own.mounts);
        if (error instanceof LaunchError && attempt > 1) this.#stock.renew();
      } finally {
        // Not before: making one takes the processors and the kernel's lock on mounts from the one that is to start.
        this.#stock.refill();
      }
    }
  }

  /** Lets go of the members that wait, and refuses those who wait for one. Applications go on. */
  close(): Promise<void> {
    return this.#stock.close();
  }

  #follow({ container }: Member, started: Started): InPool {
    this.#started++;
    this.#running++;
    const settle = () => {
      this.#running--;
    };
    started.exited.then(settle, settle);
    const { id, name } = container.record;
    return { started, container: { id, name } };
  }
}

/** What the next member may not meet: nothing of the application has run. */
function isPassing(error: unknown): boolean {
  if (error instanceof MemberGone) return true;
  return error instanceof LaunchError && error.step === 'bind' && (error.code === 'ESTALE' || error.code === 'ENOENT');
}

function merge(defaults: RunRequest, own: OwnRequest): RunRequest {
  return {
    ...defaults,
    argv: own.argv.length > 0 ? own.argv : defaults.argv,
    env: mergeEntries(defaults.env, own.env),
    user: own.user ?? defaults.user,
    workdir: own.workdir ?? defaults.workdir,
    mounts: own.mounts,
  };
}

function mergeEntries(first: readonly EnvEntry[], later: readonly EnvEntry[]): readonly EnvEntry[] {
  if (later.length === 0) return first;
  const names = new Set(later.map(({ name }) => name));
  return [...first.filter(({ name }) => !names.has(name)), ...later];
}

/** @throws RequestError ORLOP_E_INPUT */
export function checkSize(size: unknown): number {
  if (typeof size === 'number' && Number.isInteger(size) && size >= 1 && size <= 1000) return size;
  throw new RequestError('ORLOP_E_INPUT', `the size of a pool is '${size}', expected a whole number from 1 to 1000`);
}
