import { closeSync, openSync } from 'node:fs';
import { LaunchError, RequestError } from '../../errors/index.ts';
import { helperExecutable } from '../../native/helper.ts';
import { belongBelow } from '../../plan/member.ts';
import type { OwnRequest } from '../../request/options.ts';
import type { EnvEntry, RunRequest } from '../../request/types.ts';
import { mayHang, willAnswer } from '../may-hang.ts';
import { pathsIn } from '../ready-trees.ts';
import { RecentPaths } from '../recent-paths.ts';
import type { Runtime } from '../runtime.ts';
import { forgetSources, knownSources, recallSources } from '../sources.ts';
import { type ApplicationRequest, becomeApplication, type Known } from './application.ts';
import { type InPool, startInstead } from './instead.ts';
import { dropMember, killed, type Member, MemberGone, makeMember, memberOver } from './member.ts';
import { Stock } from './stock.ts';
import { PoolUsers } from './users.ts';
import { PoolVolumes } from './volumes.ts';

/** How a request is to be run. */
export type HowInPool = Omit<ApplicationRequest, 'request' | 'sources'>;

/** A member may be killed while it waits, and the next one too; more than that is no accident. */
const attempts = 3;

/** O_PATH of open(2), which `node:fs` does not name: to be executed, a file needs not be read. */
const openPath = 0o10000000;

/**
 * Containers of one image that are made ahead. What waits sees no mount of the host: the program opens the volumes of a
 * request, and attaches them. Where it cannot, or should not because a source may never answer, and where a volume
 * belongs below what the container has mounted last, the request is an ordinary start.
 */
export class MemberPool {
  readonly #runtime: Runtime;
  readonly #defaults: RunRequest;
  readonly #stock: Stock<Member>;
  readonly #known: Known;
  readonly #recent = new RecentPaths(1);
  /** The file of orlop-init. */
  readonly #program: number;
  #ahead = false;
  #started = 0;
  #running = 0;

  constructor(runtime: Runtime, defaults: RunRequest, size: number) {
    this.#runtime = runtime;
    this.#defaults = defaults;
    this.#known = { volumes: new PoolVolumes(runtime), users: new PoolUsers(runtime.native), last: null };
    this.#program = openSync(helperExecutable(), openPath);
    this.#stock = new Stock<Member>(size, {
      make: () => this.#make(),
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
    const { store, strategies } = this.#runtime;
    try {
      const sources = await recallSources(store, this.#defaults.mounts);
      this.#ahead = (await strategies.canOpen()) && !(await mayHang(sources.values()));
      if (this.#ahead) await this.#stock.fill();
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
  async start(own: OwnRequest, how: HowInPool): Promise<InPool> {
    const { ends, laps } = how;
    const { store } = this.#runtime;
    const request = merge(this.#defaults, own);
    for (let attempt = 1; ; attempt++) {
      const sources = knownSources(store, own.mounts) ?? (await recallSources(store, own.mounts, ends.signal));
      const answers = willAnswer(sources.values()) || !(await mayHang(sources.values()));
      if (!this.#ahead || !answers || belongBelow(own.mounts)) {
        this.#stock.requireOpen();
        return this.#counted(this.#startInstead(request, how));
      }
      // Behind the call, which its caller has to wait for.
      const member = await (this.#stock.takeNow() ?? this.#stock.take(ends.signal));
      laps.lap('take', 'a member that waits, for these sources of bind mounts');
      try {
        return await this.#counted(startIn(this.#runtime, this.#known, member, { ...how, request, sources }));
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (attempt === attempts) throw error instanceof MemberGone ? killed() : error;
        // It may have been replaced since it was seen.
        forgetSources(store, own.mounts);
      }
    }
  }

  #startInstead(request: RunRequest, { ends, ...how }: HowInPool): Promise<InPool> {
    return startInstead(this.#runtime, this.#defaults, request, { ...how, signal: ends.signal });
  }

  /** Lets go of the members that wait, and refuses those who wait for one. Applications go on. */
  async close(): Promise<void> {
    if (this.#stock.closed) return this.#stock.close();
    await this.#stock.close();
    closeSync(this.#program);
  }

  /** One that is killed while it is being made is no fault of who waits for it. */
  async #make(): Promise<Member> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await makeMember(this.#runtime, this.#defaults, this.#program, this.#paths());
      } catch (error) {
        const wasKilled = error instanceof RequestError && error.code === 'ORLOP_E_KERNEL';
        if (!wasKilled || attempt === attempts) throw error;
      }
    }
  }

  #paths(): readonly string[] | null {
    const { last } = this.#known;
    return last === null ? null : this.#recent.add('', pathsIn(last));
  }

  /** From now on: whoever only collects what an application writes hears of its start together with its end. */
  async #counted(starting: Promise<InPool>): Promise<InPool> {
    this.#started++;
    this.#running++;
    const settle = () => {
      this.#running--;
    };
    try {
      const inPool = await starting;
      inPool.started.exited.then(settle, settle);
      return inPool;
    } catch (error) {
      settle();
      this.#started--;
      throw error;
    }
  }
}

async function startIn(runtime: Runtime, known: Known, member: Member, request: ApplicationRequest): Promise<InPool> {
  const { id, name } = member.container.record;
  return { started: await becomeApplication(runtime, known, member, request), container: { id, name } };
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
