import { type Launched, launch } from '../launch/launch.ts';
import { inNextTick } from '../launch/next-tick.ts';
import { pathsIn } from '../launch/paths-in.ts';
import type { PreparedForm, PreparedStart } from '../launch/prepared-start.ts';
import type { ExitOptions, Native } from '../native/contract.ts';
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
  const network = facts.network === 'none' && where.prefetches ? networks.tryTake() : null;
  const taken = [...(network === null ? [] : [network]), ...(mounts?.descriptors ?? [])];
  const strategy = where.choose(mayHang);
  const prefetched = { strategy, network: network !== null, mounts: mounts?.names ?? null };
  const places = { stagingDirectory: make?.stagingDirectory ?? null, trash: store.trash() };
  const form = unlessRefused(() => start.form({ ...prefetched, ...places }), native, taken);
  laps.lap('plan', 'the operations, as bytes');
  const token = {};
  const { values, command } = own;
  const options = {
    values,
    command,
    descriptors: streams.sources,
    taken,
    create: make !== undefined,
    onExit,
    signal,
    token,
  };
  const launching = launch(native, form, options);
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
  };
}

/** Gives the form. If its plan is over the limits, the launch will not take the descriptors: closes them. */
function unlessRefused(form: () => PreparedForm, native: Native, taken: readonly number[]): PreparedForm {
  try {
    return form();
  } catch (error) {
    for (const descriptor of taken) native.closeSync(descriptor);
    throw error;
  }
}
