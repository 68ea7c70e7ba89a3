import type { Contestant } from './contestant.ts';

/** Containers that wait, ready, for a request. */
export const orlopPool: Contestant = {
  id: 'orlop-pool',
  label: 'orlop, pool',
  share: 1,
  peer: false,
  supports: () => true,
  missing: () => 'this version of orlop has no pool',
  open: async () => {
    throw new Error('this version of orlop has no pool');
  },
};
