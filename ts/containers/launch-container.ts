import { type Launched, launch } from '../launch/launch.ts';
import { inNextTick } from '../launch/next-tick.ts';
import { pathsIn } from '../launch/paths-in.ts';
import type { PreparedStart } from '../launch/prepared-start.ts';
import { sigkill } from '../linux/signals.ts';
import type { ExitOptions } from '../native/contract.ts';
import type { RootKind } from '../prefetch/roots.ts';
import type { Limits } from '../request/limits.ts';
import type { ContainerExit } from '../supervise/settle-exit.ts';
import type { StdioRequest } from '../supervise/stdio.ts';
import { StdioPipes } from '../supervise/stdio-pipes.ts';
import { stdioSources } from '../supervise/stdio-sources.ts';
import type { Laps } from '../trace/laps.ts';
import { type Guarded, guard } from './guarded.ts';
import { exitAndTakeBack, explainLimit, type Lent, lend, orGiveBack, takeBack, watch } from './lent.ts';
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
  readonly limits: Limits;
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
  readonly ended: Promise<ContainerExit>;
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
  const { start, own, limits, root, layer, make, onExit } = subject;
  const streams = stdioSources(stdio);
  const { facts, mayHang } = start;
  const ending = facts.hostPid === true;
  const { userNamespace = null, deviceRules } = facts;
  const lent = await lend(runtime, { userNamespace, limits, deviceRules, mayHang, ending });
  const guarded = ending ? await guardOrTakeBack(runtime, own.id, lent) : undefined;
  const { range, limited } = lent;
  // Taken when nothing is waited for any more: if that fails, they are closed with the layer.
  const mounts = roots.mountsOf(layer);
  const network = range === null && facts.network === 'none' && where.prefetches ? networks.tryTake() : null;
  const taken = [...(network === null ? [] : [network]), ...(mounts?.descriptors ?? [])];
  const strategy = range === null ? where.choose(mayHang || facts.root.memory !== undefined) : 'opener';
  const prefetched = { strategy, network: network !== null, mounts: mounts?.names ?? null };
  const places = { stagingDirectory: make?.stagingDirectory ?? null, trash: store.trash() };
  // If its plan is over the limits, the launch will not take the descriptors.
  const form = orGiveBack(
    () => start.form({ ...prefetched, ...places }),
    () => {
      for (const descriptor of taken) native.closeSync(descriptor);
      takeBackGuarded(runtime, lent, guarded);
    },
  );
  laps.lap('plan', 'the operations, as bytes');
  const token = {};
  const { command } = own;
  const options = {
    values: range === null ? own.values : [...own.values, `${range.first.user}`],
    command,
    descriptors: range === null ? streams.sources : [...streams.sources, range.descriptor],
    taken,
    group: limited?.group.forLaunch(limited.settings),
    create: make !== undefined,
    onExit,
    signal,
    token,
  };
  let kill = () => native.cancel(token);
  const watching = watch(lent, limits, () => kill());
  const launching = launch(native, form, options).catch(async (error: unknown) => {
    watching.stop();
    await guarded?.end();
    takeBack(runtime, lent);
    throw watching.explain(explainLimit(error, lent));
  });
  limited?.group.launched();
  if (root !== null && strategy === 'opener') {
    inNextTick(() => roots.makeNext(root, () => pathsIn(facts, command), token), undefined);
  }
  const launched = await launching;
  kill = () => native.kill(launched.process, sigkill);
  laps.launched(launched.times, onExit?.reportWithExit);
  where.startMade();
  return {
    ...launched,
    stdio: new StdioPipes(native, streams, launched.pipes, collect !== undefined),
    removes: form.removes,
    ended: exitAndTakeBack(runtime, lent, { ...launched, watch: watching, guard: guarded }),
  };
}

/** Starts the guard. Throws as it does, with everything taken back. */
async function guardOrTakeBack(runtime: Runtime, id: string, lent: Lent): Promise<Guarded> {
  try {
    return await guard(runtime, id, lent);
  } catch (error) {
    takeBack(runtime, lent);
    throw error;
  }
}

/** Takes everything back of a container that was not launched. */
function takeBackGuarded(runtime: Runtime, lent: Lent, guarded: Guarded | undefined): void {
  // Nobody waits for the end of a guard that has nothing to guard.
  guarded?.end().catch(() => {});
  takeBack(runtime, lent);
}
