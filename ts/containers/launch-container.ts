import { type Launched, launch } from '../launch/launch.ts';
import { inNextTick } from '../launch/next-tick.ts';
import { pathsIn } from '../launch/paths-in.ts';
import type { PreparedStart } from '../launch/prepared-start.ts';
import type { Follow } from '../native/contract.ts';
import type { RootKind } from '../prefetch/roots.ts';
import type { StdioRequest } from '../supervise/stdio.ts';
import { LaunchedStdio, suppliesOf } from '../supervise/stdio-source.ts';
import type { Laps } from '../trace/laps.ts';
import type { OwnPart } from './own.ts';
import type { Runtime } from './runtime.ts';

/** How a container is started. */
export interface StartRequest {
  readonly stdio: StdioRequest;
  readonly signal?: AbortSignal | undefined;
  /** Times what the start does. */
  readonly laps: Laps;
  /** Collect what it writes to stdout and stderr, up to so many bytes of each, instead of giving streams of them. */
  readonly collect?: number | undefined;
}

/** Which start is launched. */
export interface LaunchSubject {
  readonly start: PreparedStart;
  readonly own: OwnPart;
  /** Of the root filesystem; null where nothing is prefetched for the next start. */
  readonly root: RootKind | null;
  /** ID of the read-write layer. */
  readonly layer: string;
  /** The container is made by the launching thread, from a layer on this shelf or from nothing; undefined: it is made. */
  readonly make?: { readonly shelf: string | null } | undefined;
  /** How the caller hears of the end; undefined: the caller waits for the process itself. */
  readonly follow: Follow | undefined;
}

export interface LaunchedContainer extends Launched {
  readonly stdio: LaunchedStdio;
  /** The threads that see the application to its end remove the container. */
  readonly removes: boolean;
}

/** Launches a prepared start with what was prefetched for it, and has the next one's prefetched. Throws as `launch`. */
export async function launchContainer(
  runtime: Runtime,
  subject: LaunchSubject,
  { stdio, signal, laps, collect }: StartRequest,
): Promise<LaunchedContainer> {
  const { native, networks, roots, store, where } = runtime;
  const { start, own, root, layer, make, follow } = subject;
  const descriptors = suppliesOf(stdio);
  const { facts, mayHang } = start;
  const mounts = roots.mountsOf(layer);
  const network = facts.network === 'none' && where.prefetches ? networks.takeNow() : null;
  const strategy = where.choose(mayHang);
  const form = start.form({
    strategy,
    network: network !== null,
    mounts: mounts?.names ?? null,
    shelf: make?.shelf ?? null,
    trash: store.trash(),
  });
  laps.lap('plan', 'the operations, as bytes');
  const token = {};
  const { values, command } = own;
  const taken = [...(network === null ? [] : [network]), ...(mounts?.descriptors ?? [])];
  const options = { values, command, descriptors, taken, create: make !== undefined, follow, signal, token };
  const launching = launch(native, form, options);
  if (root !== null && strategy === 'opener') {
    inNextTick(() => roots.makeNext(root, () => pathsIn(facts, command), token), undefined);
  }
  const launched = await launching;
  laps.launched(launched.times, follow?.quiet);
  where.startMade();
  return {
    ...launched,
    stdio: new LaunchedStdio(native, descriptors, launched.pipes, collect !== undefined),
    removes: form.removes,
  };
}
