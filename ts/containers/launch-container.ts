import { type Launched, launch } from '../launch/launch.ts';
import { inNextTick } from '../launch/next-tick.ts';
import { pathsIn } from '../launch/paths-in.ts';
import type { PreparedForm, PreparedStart } from '../launch/prepared-start.ts';
import type { ExitOptions, Native, NativeExit, NativeProcess } from '../native/contract.ts';
import type { UserRange } from '../plan/facts.ts';
import type { Range } from '../prefetch/ranges.ts';
import type { RootKind } from '../prefetch/roots.ts';
import type { StdioRequest } from '../supervise/stdio.ts';
import { StdioPipes } from '../supervise/stdio-pipes.ts';
import { stdioSources } from '../supervise/stdio-sources.ts';
import type { Laps } from '../trace/laps.ts';
import type { OwnPart } from './own.ts';
import type { Runtime } from './runtime.ts';

/** Streams, signal and timer of a start. */
export interface StartRequest {
  readonly stdio: StdioRequest;
  readonly signal?: AbortSignal | undefined;
  /** Lap timer for the steps. */
  readonly laps: Laps;
  /** Collect stdout and stderr, at most this many bytes of each. Undefined: give streams. */
  readonly collect?: number | undefined;
}

/** Prepared start and container to launch. */
export interface LaunchSubject {
  readonly start: PreparedStart;
  readonly own: OwnPart;
  /** Kind of root filesystem to prefetch for the next start; null: none. */
  readonly root: RootKind | null;
  /** ID of the read-write layer. */
  readonly layer: string;
  /** The launcher thread makes the container, with a layer of that directory, if any. Undefined: it exists. */
  readonly make?: { readonly stagingDirectory: string | null } | undefined;
  /** Notification of the exit; undefined: the caller waits for the process itself. */
  readonly onExit: ExitOptions | undefined;
}

export interface LaunchedContainer extends Launched {
  readonly stdio: StdioPipes;
  /** The launcher's threads remove the container. */
  readonly removes: boolean;
}

/** Launches a prepared start with its prefetched parts, and prefetches for the next one. Throws as `launch`. */
export async function launchContainer(
  runtime: Runtime,
  subject: LaunchSubject,
  { stdio, signal, laps, collect }: StartRequest,
): Promise<LaunchedContainer> {
  const { native, networks, roots, store, where } = runtime;
  const { start, own, root, layer, make, onExit } = subject;
  const streams = stdioSources(stdio);
  const { facts, mayHang } = start;
  const mounts = roots.mountsOf(layer);
  const range = facts.userNamespace ? await takeRange(runtime, facts.userNamespace, mayHang) : null;
  const network = range === null && facts.network === 'none' && where.prefetches ? networks.tryTake() : null;
  const taken = [...(network === null ? [] : [network]), ...(mounts?.descriptors ?? [])];
  const strategy = range === null ? where.choose(mayHang) : 'opener';
  const prefetched = { strategy, network: network !== null, mounts: mounts?.names ?? null };
  const places = { stagingDirectory: make?.stagingDirectory ?? null, trash: store.trash() };
  const giveBack = () => range === null || runtime.ranges.release(range);
  const form = unlessRefused(() => start.form({ ...prefetched, ...places }), native, taken, giveBack);
  laps.lap('plan', 'the operations, as bytes');
  const token = {};
  const { command } = own;
  const options = {
    values: range === null ? own.values : [...own.values, `${range.first.user}`],
    command,
    descriptors: range === null ? streams.sources : [...streams.sources, range.descriptor],
    taken,
    create: make !== undefined,
    onExit,
    signal,
    token,
  };
  const launching = launch(native, form, options).catch((error: unknown) => {
    giveBack();
    throw error;
  });
  if (root !== null && strategy === 'opener') {
    inNextTick(() => roots.makeNext(root, () => pathsIn(facts, command), token), undefined);
  }
  const launched = await launching;
  laps.launched(launched.times, onExit?.reportWithExit);
  where.startMade();
  return {
    ...launched,
    stdio: new StdioPipes(native, streams, launched.pipes, collect !== undefined),
    removes: form.removes,
    ended: range === null ? launched.ended : releasing(runtime, range, launched),
  };
}

/** The IDs of a start whose container has a user namespace of its own. */
async function takeRange({ ranges, where }: Runtime, { first, size }: UserRange, mayHang: boolean): Promise<Range> {
  await where.openForUsers(mayHang);
  return first === null ? ranges.take(size) : ranges.chosen(first, size);
}

/** The exit of a container, after which its IDs are free: the kernel has ended all processes of its PID namespace. */
async function releasing({ native, ranges }: Runtime, range: Range, { ended, process }: Launched): Promise<NativeExit> {
  try {
    return await (ended ?? exitOf(native, process));
  } finally {
    ranges.release(range);
  }
}

/** The exit of a process whose output is not collected. */
export async function exitOf(native: Native, process: NativeProcess): Promise<NativeExit> {
  return { exit: await native.wait(process), outputs: [], overflow: null, failure: null };
}

/** Gives the form. If its plan is over the limits, the launch will not take the descriptors: closes them. */
function unlessRefused(
  form: () => PreparedForm,
  native: Native,
  taken: readonly number[],
  giveBack: () => void,
): PreparedForm {
  try {
    return form();
  } catch (error) {
    for (const descriptor of taken) native.closeSync(descriptor);
    giveBack();
    throw error;
  }
}
