import { prepareForm } from '../launch/prepared-start.ts';
import type { Native, NativePrepared } from '../native/contract.ts';
import { defaultSysctls } from '../plan/defaults.ts';
import { networkPlan } from '../plan/network.ts';
import type { Plan } from '../plan/types.ts';
import { nextTickPace } from './pace.ts';
import { Prefetch } from './prefetch.ts';

/** One for the next start, and one for a start that comes while another is made. */
const size = 2;

/** How a network namespace is made that is prefetched. Pure. */
export function prefetchedNetworkPlan(): Plan {
  return networkPlan(defaultSysctls('none'));
}

/**
 * Network namespaces made ahead, for programs that start more than one container: the kernel needs longer for one than
 * for all other namespaces together. An application gets one that no process was in before, and the kernel takes those
 * that were not taken away when the program ends. The items are descriptors, which the taker closes.
 */
export function prefetchNetworks(native: Native): Prefetch<number> {
  let prepared: NativePrepared | null = null;
  return new Prefetch(
    { size, atOnce: 1, each: 'one', patience: 1, pace: nextTickPace() },
    {
      async make() {
        prepared ??= prepareForm(native, prefetchedNetworkPlan(), {}).native;
        return [await native.makeNetwork(prepared, { values: [] })];
      },
      async drop(network) {
        native.closeSync(network);
      },
      // Where the program may not, the kernel makes one with each start, or its error says what is wrong.
      refused: () => true,
    },
  );
}
