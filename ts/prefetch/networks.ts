import { prepareForm } from '../launch/prepared-start.ts';
import type { Native, NativePrepared } from '../native/contract.ts';
import { defaultSysctls } from '../plan/defaults.ts';
import { networkPlan } from '../plan/network.ts';
import type { Plan } from '../plan/types.ts';
import { nextTickPace } from './pace.ts';
import { Prefetch } from './prefetch.ts';

/** Number of namespaces: one for the next start, and one for a start that comes while another is made. */
const size = 2;

/** The plan by which a network namespace is prefetched. Pure. */
export function prefetchedNetworkPlan(): Plan {
  return networkPlan(defaultSysctls('none'));
}

/**
 * Prefetches network namespaces, for programs that start more than one container: the kernel takes longer for one than
 * for all other namespaces together. No process was in a namespace before its application. The kernel removes the
 * unused ones when the program exits. The items are descriptors, which the taker closes.
 */
export function prefetchNetworks(native: Native): Prefetch<number> {
  let prepared: NativePrepared | null = null;
  return new Prefetch(
    { size, atOnce: 1, each: 'one', skipFirst: 1, pace: nextTickPace() },
    {
      async make() {
        prepared ??= prepareForm(native, prefetchedNetworkPlan(), {}).native;
        return [await native.makeNetwork(prepared, { values: [] })];
      },
      async drop(network) {
        native.closeSync(network);
      },
      // Without the privilege, each start makes its own namespace, or its error tells the cause.
      refused: () => true,
    },
  );
}
