import type { StartRequest } from '../containers/launch-container.ts';
import type { Run } from '../containers/run.ts';
import type { Runtime } from '../containers/runtime.ts';
import { RequestError } from '../errors/index.ts';
import { kernelRelease } from '../linux/kernel.ts';
import { checkSize, ContainerPool as WaitingContainers } from '../pool/pool.ts';
import { knownOwnRequest } from '../request/known.ts';
import { parseRunOptions } from '../request/options.ts';
import type { RequestContext, RunRequest } from '../request/types.ts';
import { Laps } from '../trace/laps.ts';
import { collectRun, runStdio, withDeadline } from './run.ts';
import { RunningContainer } from './running.ts';
import type * as t from './types.ts';

/**
 * Opens a pool and fills it.
 *
 * @param open those that are to be closed with the runtime: it is one of them until it is closed
 */
export async function openPool(
  runtime: Runtime,
  image: string,
  { size, ...defaults }: t.PoolOptions,
  open: Set<t.Pool>,
): Promise<t.Pool> {
  const count = checkSize(size);
  const request = parseRunOptions(image, [], defaults, world());
  refuseName(request);
  const members = new WaitingContainers(runtime, request, count);
  await members.fill();
  return new ContainerPool(runtime, image, members, open);
}

/** A pool of containers, as the library's caller holds it. */
class ContainerPool implements t.Pool {
  readonly #runtime: Runtime;
  readonly #members: WaitingContainers;
  readonly #open: Set<t.Pool>;
  readonly image: string;

  constructor(runtime: Runtime, image: string, members: WaitingContainers, open: Set<t.Pool>) {
    this.#runtime = runtime;
    this.#members = members;
    this.#open = open;
    this.image = image;
    open.add(this);
  }

  get stats(): t.PoolStats {
    return this.#members.stats;
  }

  async run(argv: readonly string[] = [], options: t.PoolRequest & t.RunInput = {}): Promise<t.RunResult> {
    const { input, maxBuffer, signal, timeout, ...own } = options;
    return withDeadline(this.image, options, async (ends) => {
      const run = await this.#start(argv, own, { ...runStdio(options), signal: ends });
      return collectRun(this.#runtime, run, true, options, ends);
    });
  }

  async start(argv: readonly string[] = [], options: t.PoolRequest & t.StartOptions = {}): Promise<t.Running> {
    const { stdin = 'ignore', stdout = 'pipe', stderr = 'pipe', signal, timeout, ...own } = options;
    const run = await this.#start(argv, own, { stdio: { stdin, stdout, stderr }, signal });
    return RunningContainer.of(this.#runtime.native, run, { id: run.id, name: run.name, image: this.image }, options);
  }

  #start(argv: readonly string[], own: t.PoolRequest, how: Omit<StartRequest, 'laps'>): Promise<Run> {
    const laps = new Laps('call');
    refuseFixed(own);
    const request = knownOwnRequest(argv, own, world());
    laps.lap('request', 'parsed');
    return this.#members.start(request, { ...how, laps });
  }

  close(): Promise<void> {
    this.#open.delete(this);
    return this.#members.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function world(): RequestContext {
  return { cwd: process.cwd(), env: process.env, kernel: kernelRelease };
}

const ownOptions: readonly string[] = ['env', 'user', 'workdir', 'volumes'];

/** Whoever writes no TypeScript must not believe that a request changed what was fixed before. */
function refuseFixed(own: object): void {
  const fixed = Object.keys(own).find((name) => !ownOptions.includes(name));
  if (fixed === undefined) return;
  throw new RequestError('ORLOP_E_INPUT', `a request to a pool has no option '${fixed}'`, {
    hint: `a request has ${ownOptions.join(', ')}; all else is said when the pool is opened`,
  });
}

function refuseName({ name }: RunRequest): void {
  if (name === null) return;
  throw new RequestError('ORLOP_E_INPUT', `the members of a pool cannot all have the name '${name}'`, {
    hint: 'leave the name out: each gets one of its own',
  });
}
