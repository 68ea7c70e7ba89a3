import type { StartRequest } from '../containers/launch-container.ts';
import type { Run } from '../containers/run.ts';
import type { Runtime } from '../containers/runtime.ts';
import { RequestError } from '../errors/index.ts';
import { machine } from '../linux/machine.ts';
import { checkSize, ContainerPool as WaitingContainers } from '../pool/pool.ts';
import { knownApplicationRequest } from '../request/known.ts';
import { parseRunOptions } from '../request/options.ts';
import type { RequestContext, RunRequest } from '../request/types.ts';
import { Laps } from '../trace/laps.ts';
import { type AnyRunInput, type AnyRunResult, type Runnable, runToEnd, withoutRunInput } from './run.ts';
import { RunningContainer } from './running.ts';
import type * as t from './types.ts';

/**
 * Opens a pool and fills it.
 *
 * @param open pools to close with the runtime; the new pool is in the set until it is closed
 */
export async function openPool(
  runtime: Runtime,
  image: string,
  { size, ...defaults }: t.PoolOptions,
  open: Set<t.Pool>,
): Promise<t.Pool> {
  const count = checkSize(size);
  const request = parseRunOptions(image, [], defaults, requestContext());
  refuseName(request);
  const waiting = new WaitingContainers(runtime, request, count);
  await waiting.fill();
  return new ContainerPool(runtime, image, request, waiting, open);
}

/** A pool of containers, as the library's caller holds it. */
class ContainerPool implements t.Pool {
  readonly #runtime: Runtime;
  readonly #waiting: WaitingContainers;
  readonly #open: Set<t.Pool>;
  readonly #limits: RunRequest['limits'];
  readonly image: string;

  constructor(
    runtime: Runtime,
    image: string,
    { limits }: Pick<RunRequest, 'limits'>,
    waiting: WaitingContainers,
    open: Set<t.Pool>,
  ) {
    this.#limits = limits;
    this.#runtime = runtime;
    this.#waiting = waiting;
    this.#open = open;
    this.image = image;
    open.add(this);
  }

  get stats(): t.PoolStats {
    return this.#waiting.stats;
  }

  run<Reject extends boolean = true, All extends boolean = false>(
    argv: readonly string[] | undefined,
    options: t.PoolRequest & t.BufferRunInput<Reject, All>,
  ): Promise<t.Settled<Reject, Buffer, All>>;
  run<Reject extends boolean = true, All extends boolean = false>(
    argv: readonly string[] | undefined,
    options: t.PoolRequest & t.LinesRunInput<Reject, All>,
  ): Promise<t.Settled<Reject, string[], All>>;
  run<Reject extends boolean = true, All extends boolean = false>(
    argv: readonly string[] | undefined,
    options: t.PoolRequest & t.RunInput<Reject, All>,
  ): Promise<t.Settled<Reject, string, All>>;
  run(argv?: readonly string[], options?: t.PoolRequest & t.RunInput): Promise<t.RunResult>;
  async run(argv: readonly string[] = [], options: t.PoolRequest & AnyRunInput = {}): Promise<AnyRunResult> {
    const request = withoutRunInput(options);
    const start: Runnable['start'] = (how) => this.#start(argv, request, how);
    const prepare = () => ({ runtime: this.#runtime, rm: true, limits: this.#limits, start });
    return runToEnd(this.image, options, prepare);
  }

  async start(argv: readonly string[] = [], options: t.PoolRequest & t.StartOptions = {}): Promise<t.Running> {
    const { stdin = 'ignore', stdout = 'pipe', stderr = 'pipe', signal, timeout, ...request } = options;
    const run = await this.#start(argv, request, { stdio: { stdin, stdout, stderr }, signal });
    return RunningContainer.of(this.#runtime.native, run, { id: run.id, name: run.name, image: this.image }, options);
  }

  #start(argv: readonly string[], request: t.PoolRequest, start: Omit<StartRequest, 'laps'>): Promise<Run> {
    const laps = new Laps('call');
    refuseFixed(request);
    const parsed = knownApplicationRequest(argv, request, requestContext());
    laps.lap('request', 'parsed');
    return this.#waiting.start(parsed, { ...start, laps });
  }

  close(): Promise<void> {
    this.#open.delete(this);
    return this.#waiting.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function requestContext(): RequestContext {
  return { cwd: process.cwd(), env: process.env, ...machine };
}

const requestOptions: readonly string[] = ['env', 'user', 'workdir', 'volumes'];

/** JavaScript callers get no type error: refuse an option that was fixed when the pool was opened. */
function refuseFixed(request: object): void {
  const fixed = Object.keys(request).find((name) => !requestOptions.includes(name));
  if (fixed === undefined) return;
  throw new RequestError('ORLOP_E_INPUT', `a request to a pool has no option '${fixed}'`, {
    hint: `a request has ${requestOptions.join(', ')}; all else is said when the pool is opened`,
  });
}

function refuseName({ name }: RunRequest): void {
  if (name === null) return;
  throw new RequestError('ORLOP_E_INPUT', `the containers of a pool cannot all have the name '${name}'`, {
    hint: 'leave the name out: each gets one of its own',
  });
}
