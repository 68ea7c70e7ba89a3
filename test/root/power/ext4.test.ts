import { cutsThePower, makeExt4 } from './cuts.ts';

describe('a power cut of ext4', () => {
  cutsThePower({
    needs: [],
    size: 64 << 20,
    make: makeExt4,
    // Names and content reach the disk only by a sync, and a rename does not write the content.
    options: 'noauto_da_alloc,commit=300',
  });
});
