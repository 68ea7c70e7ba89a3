import { commitContainer } from '../containers/commit.ts';
import { execInContainer } from '../containers/exec.ts';
import type { StartRequest } from '../containers/launch-container.ts';
import { diffContainer, exportContainer } from '../containers/layer-reads.ts';
import type { Run } from '../containers/run.ts';
import type { Runtime } from '../containers/runtime.ts';
import { startContainer } from '../containers/start.ts';
import { stopContainer } from '../containers/stop.ts';
import { topOf } from '../containers/top.ts';
import { unlessRemoved } from '../containers/unless-removed.ts';
import { killContainer, waitContainer } from '../containers/wait.ts';
import { labelOf } from '../linux/app-armor.ts';
import { machine } from '../linux/machine.ts';
import { readAgain } from '../record/files.ts';
import { ignoreGone } from '../record/gone.ts';
import type { StoredContainer } from '../record/schema.ts';
import { parseContainerName } from '../request/names.ts';
import { parseExecOptions } from '../request/options.ts';
import { parseSignal, parseStopTimeout } from '../request/stop.ts';
import { Laps } from '../trace/laps.ts';
import { openDescriptor } from './descriptor.ts';
import { inspectContainer, summaryOf } from './inspect.ts';
import { type AnyRunInput, type AnyRunResult, type Runnable, runToEnd, withoutRunInput } from './run.ts';
import { RunningContainer } from './running.ts';
import type * as t from './types.ts';

/** A container of the store. Each call reads the record anew, because other programs work on the same store. */
export class ContainerHandle implements t.Container {
  readonly #runtime: Runtime;
  readonly #rm: boolean;
  /** Set for an ephemeral container that this program made: no other program changes its record. */
  readonly #ephemeral: StoredContainer | null;
  /** Exit of the application that this handle started. It stays known after the container was removed. */
  #end: Promise<t.ExitStatus> | null = null;
  /** As `exec` has found it running: its record changes no more. */
  #ran: StoredContainer | null = null;
  /** Laps of `create`; the first start continues them. */
  #laps: Laps | null;
  readonly id: string;
  readonly name: string;

  /** @param made laps of `create`; null for a container that was looked up */
  constructor(runtime: Runtime, stored: StoredContainer, made: Laps | null) {
    const { record, durability } = stored;
    this.#ephemeral = made !== null && durability === 'ephemeral' ? stored : null;
    this.#runtime = runtime;
    this.#laps = made;
    this.#rm = record.request.rm;
    this.id = record.id;
    this.name = record.name;
  }

  #stored(): Promise<StoredContainer> {
    return this.#runtime.containers.find(this.id);
  }

  async start(options: t.StartOptions = {}): Promise<t.Running> {
    const { stdin = 'ignore', stdout = 'pipe', stderr = 'pipe', signal } = options;
    const stdio = { stdin, stdout, stderr };
    const laps = this.#laps?.start() ?? new Laps('call');
    this.#laps = null;
    const stored = this.#ephemeral ?? (await this.#stored());
    const started = await startContainer(this.#runtime, stored, { stdio, signal, laps });
    this.#end = started.exited;
    const { id, name } = this;
    const image = stored.record.image.reference;
    const running = await RunningContainer.of(this.#runtime.native, started, { id, name, image }, options);
    // It knows of the time-out, too.
    this.#end = running.exited;
    return running;
  }

  exec<Reject extends boolean = true, All extends boolean = false>(
    argv: readonly string[],
    options: t.ExecOptions & t.BufferRunInput<Reject, All>,
  ): Promise<t.Settled<Reject, Buffer, All>>;
  exec<Reject extends boolean = true, All extends boolean = false>(
    argv: readonly string[],
    options: t.ExecOptions & t.LinesRunInput<Reject, All>,
  ): Promise<t.Settled<Reject, string[], All>>;
  exec<Reject extends boolean = true, All extends boolean = false>(
    argv: readonly string[],
    options: t.ExecOptions & t.RunInput<Reject, All>,
  ): Promise<t.Settled<Reject, string, All>>;
  exec(argv: readonly string[], options?: t.ExecOptions & t.RunInput): Promise<t.RunResult>;
  async exec(argv: readonly string[], options: t.ExecOptions & AnyRunInput = {}): Promise<AnyRunResult> {
    const request = withoutRunInput(options);
    const start: Runnable['start'] = (how) => this.#exec(argv, request, how);
    return runToEnd(this.name, options, () => ({ runtime: this.#runtime, rm: false, limits: {}, start }));
  }

  async startExec(argv: readonly string[], options: t.ExecOptions & t.StartOptions = {}): Promise<t.Running> {
    const { stdin = 'ignore', stdout = 'pipe', stderr = 'pipe', signal, timeout, ...request } = options;
    const run = await this.#exec(argv, request, { stdio: { stdin, stdout, stderr }, signal });
    const { id, name } = this;
    return RunningContainer.of(this.#runtime.native, run, { id, name, image: name }, options);
  }

  async #exec(argv: readonly string[], options: t.ExecOptions, how: Omit<StartRequest, 'laps'>): Promise<Run> {
    const laps = new Laps('call');
    const context = { cwd: process.cwd(), env: process.env, ...machine };
    const request = parseExecOptions(argv, options, context);
    laps.lap('request', 'parsed');
    const known = this.#ran === null ? null : await readAgain(this.#runtime.store, this.#ran);
    const stored = known ?? (await this.#stored());
    if (stored.state.status === 'running') this.#ran = stored;
    return execInContainer(this.#runtime, stored, request, { ...how, laps });
  }

  async wait(): Promise<t.ExitStatus | t.Ended> {
    return this.#end ?? waitContainer(this.#runtime, await this.#stored());
  }

  async kill(signal: NodeJS.Signals | number = 'SIGKILL'): Promise<void> {
    const number = parseSignal(signal);
    await killContainer(this.#runtime, await this.#stored(), number);
  }

  async stop({ signal, timeout }: t.StopOptions = {}): Promise<void> {
    const request = {
      signal: signal === undefined ? undefined : parseSignal(signal),
      timeout: timeout === undefined ? undefined : parseStopTimeout(timeout),
    };
    await stopContainer(this.#runtime, await this.#stored(), request);
  }

  async rename(name: string): Promise<void> {
    await this.#runtime.containers.rename(this.id, parseContainerName(name));
  }

  async top(): Promise<readonly t.ContainerProcess[]> {
    return topOf(this.#runtime.store, await this.#stored());
  }

  async remove(options: t.RemoveOptions = {}): Promise<void> {
    await this.#runtime.containers.remove(this.id, options);
  }

  async summary(): Promise<t.ContainerSummary> {
    return summaryOf(this.#runtime.store, await this.#stored());
  }

  async inspect(): Promise<t.ContainerInspect> {
    const stored = await this.#stored();
    const { pid } = stored.state;
    return inspectContainer(this.#runtime.store, stored, pid === null ? '' : labelOf(pid));
  }

  async diff(): Promise<readonly t.Change[]> {
    return this.#reading((stored) => diffContainer(this.#runtime, stored));
  }

  async commit(reference: string | null, options: t.CommitOptions = {}): Promise<{ readonly id: string }> {
    return { id: await this.#reading((stored) => commitContainer(this.#runtime, stored, reference, options)) };
  }

  async export(descriptor: number): Promise<void> {
    const output = openDescriptor(descriptor);
    await this.#reading((stored) => exportContainer(this.#runtime, stored, output));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove({ force: true, volumes: true }).catch(ignoreGone);
  }

  async #reading<Result>(read: (stored: StoredContainer) => Promise<Result>): Promise<Result> {
    const stored = await this.#stored();
    return unlessRemoved(this.#runtime, stored, () => read(stored));
  }
}
