import { closeSync } from 'node:fs';
import type { StartRequest } from '../containers/launch-container.ts';
import { withPrepared } from '../containers/prepared-containers.ts';
import { type Run, runContainer } from '../containers/run.ts';
import type { Runtime } from '../containers/runtime.ts';
import { LaunchError, RequestError } from '../errors/index.ts';
import type { ResolvedImage } from '../images/types.ts';
import { openHelper } from '../native/helper.ts';
import { belongBelow } from '../plan/waiting.ts';
import { pausePace } from '../prefetch/pace.ts';
import { Prefetch } from '../prefetch/prefetch.ts';
import { WarmPaths } from '../prefetch/warm-paths.ts';
import { hasOwnUsers } from '../record/layer.ts';
import type { ApplicationRequest } from '../request/options.ts';
import type { EnvEntry, RunRequest } from '../request/types.ts';
import { type Application, resolveApplication } from './application.ts';
import { becomeApplication, WaitingGone } from './become.ts';
import { checkTargets } from './targets.ts';
import { PoolVolumes } from './volumes.ts';
import { dropWaiting, killed, makeWaiting, type WaitingContainer, waitingRequest } from './waiting-container.ts';

/** Number of tries for a request whose waiting containers are killed. */
const attempts = 3;

const maxApplications = 256;

/**
 * Containers of one image that wait for their applications. A waiting container sees no mount of the host, so a thread
 * of the program opens the volumes of a request and attaches them. A request is an ordinary run instead if the kernel
 * lacks the calls, if a source may never answer, or if a volume belongs below mounts that a start makes last.
 */
export class ContainerPool {
  readonly #runtime: Runtime;
  readonly #defaults: RunRequest;
  readonly #waiting: Prefetch<WaitingContainer>;
  readonly #volumes: PoolVolumes;
  readonly #paths = new WarmPaths(1);
  /** Resolved requests, keyed by the request without its command. */
  readonly #applications = new Map<string, Application>();
  /** Descriptor of the file of orlop-init. */
  readonly #program: number;
  /** Paths that the last request looked up in its root filesystem. */
  #last: readonly string[] = [];
  #image: ResolvedImage | null = null;
  #prefetches = false;
  #started = 0;
  #running = 0;

  constructor(runtime: Runtime, defaults: RunRequest, size: number) {
    this.#runtime = runtime;
    this.#defaults = defaults;
    this.#volumes = new PoolVolumes(runtime);
    this.#program = openHelper();
    this.#waiting = new Prefetch<WaitingContainer>(
      { size, atOnce: Math.min(size, 4), each: 'one', skipFirst: 0, pace: pausePace() },
      {
        make: async () => [await this.#make()],
        spoiled: (waiting) => runtime.native.waitingOver(waiting.native),
        drop: (waiting) => dropWaiting(runtime, waiting),
      },
    );
  }

  get stats() {
    const { size, ready, making, waiting } = this.#waiting;
    return { size, ready, making, waiting, running: this.#running, started: this.#started };
  }

  /** Resolves when `size` containers wait. */
  async fill(): Promise<void> {
    const { where } = this.#runtime;
    const request = waitingRequest(this.#defaults);
    try {
      const prepared = await withPrepared(this.#runtime, request, { durability: 'ephemeral' }, async (found) => found);
      this.#image = prepared.resolved.image;
      const { request: resolved, mayHang, disk } = prepared.resolved;
      // No range of IDs can wait with a container, and no guard: its starts are ordinary ones.
      const ordinary = mayHang || hasOwnUsers(resolved) || disk === 'memory' || resolved.pid === 'host';
      this.#prefetches = !ordinary && (await where.canOpen());
      if (this.#prefetches) await this.#waiting.fill();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Runs an application in a waiting container, which is used once.
   *
   * @throws RequestError, LaunchError as a start does; ORLOP_E_CLOSED
   */
  async start(own: ApplicationRequest, how: StartRequest): Promise<Run> {
    const request = merge(this.#defaults, own);
    checkTargets(this.#defaults, [], own.mounts);
    for (let attempt = 1; ; attempt++) {
      const image = this.#prefetches ? this.#image : null;
      const known = image === null ? null : this.#known(image, request);
      const application = known ?? (image === null ? null : await this.#resolve(image, request, how.signal));
      if (application === null || application.mayHang || belongBelow(own.mounts)) {
        this.#waiting.requireOpen();
        return this.#counted(this.#runInstead(request, how));
      }
      // `await` only if none waits, so that the request is sent in the caller's tick.
      const waiting = this.#waiting.tryTake() ?? (await this.#waiting.take(how.signal));
      how.laps.lap('take', 'a container that waits');
      try {
        return await this.#counted(this.#become(waiting, request, application, how));
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (attempt === attempts) throw error instanceof WaitingGone ? killed() : error;
        // A source may have been replaced since it was resolved.
        this.#applications.delete(keyOf(waiting.kind.prepared.resolved.image, request));
      }
    }
  }

  async #become(
    waiting: WaitingContainer,
    request: RunRequest,
    application: Application,
    how: StartRequest,
  ): Promise<Run> {
    const { image } = waiting.kind.prepared.resolved;
    // The name of the image may have moved to another image.
    const fitting =
      application.image === image
        ? application
        : (this.#known(image, request) ?? (await this.#resolve(image, request, how.signal)));
    const { request: asked, volumes } = waiting.container.record;
    const become = { ...how, request, application: fitting, volumes: this.#volumes };
    checkTargets(asked, volumes, request.mounts);
    const run = await becomeApplication(this.#runtime, waiting, become);
    this.#last = run.paths;
    return run;
  }

  #known(image: ResolvedImage, request: RunRequest): Application | null {
    return this.#applications.get(keyOf(image, request)) ?? null;
  }

  async #resolve(image: ResolvedImage, request: RunRequest, signal: AbortSignal | undefined): Promise<Application> {
    const application = await resolveApplication(this.#runtime, image, request, signal);
    if (!application.repeatable) return application;
    if (this.#applications.size >= maxApplications) this.#applications.clear();
    this.#applications.set(keyOf(image, request), application);
    return application;
  }

  /** Runs the application in a new container, with the same outcome as in a waiting one. */
  #runInstead(request: RunRequest, how: StartRequest): Promise<Run> {
    const mounts = [...this.#defaults.mounts, ...request.mounts];
    return runContainer(this.#runtime, { ...request, mounts, rm: true }, how);
  }

  /** Removes the waiting containers and rejects requests that wait for one. Applications go on. */
  async close(): Promise<void> {
    if (this.#waiting.closed) return this.#waiting.close();
    await this.#waiting.close();
    closeSync(this.#program);
  }

  /** Makes a waiting container, again if its process is killed meanwhile: the waiting request is not to blame. */
  async #make(): Promise<WaitingContainer> {
    for (let attempt = 1; ; attempt++) {
      try {
        const paths = this.#paths.add('', this.#last);
        const waiting = await makeWaiting(this.#runtime, this.#defaults, this.#program, paths);
        this.#image = waiting.kind.prepared.resolved.image;
        return waiting;
      } catch (error) {
        const wasKilled = error instanceof RequestError && error.code === 'ORLOP_E_KERNEL';
        if (!wasKilled || attempt === attempts) throw error;
      }
    }
  }

  /** Counts from the call on: a run that collects output reports start and exit together. */
  async #counted(starting: Promise<Run>): Promise<Run> {
    this.#started++;
    this.#running++;
    const settle = () => {
      this.#running--;
    };
    try {
      const run = await starting;
      run.exited.then(settle, settle);
      return run;
    } catch (error) {
      settle();
      this.#started--;
      throw error;
    }
  }
}

/** JSON of the complete request without its command. */
function keyOf({ id, generation }: ResolvedImage, request: RunRequest): string {
  return JSON.stringify([id, generation, { ...request, argv: null, env: null }]);
}

/** True for an error that another waiting container may not meet. Nothing of the application has run. */
function isPassing(error: unknown): boolean {
  if (error instanceof WaitingGone) return true;
  return error instanceof LaunchError && error.step === 'bind' && (error.code === 'ESTALE' || error.code === 'ENOENT');
}

function merge(defaults: RunRequest, own: ApplicationRequest): RunRequest {
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
