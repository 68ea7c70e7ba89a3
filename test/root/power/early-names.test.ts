import { cutsThePower, makeExt4 } from './cuts.ts';

describe('a power cut of a file system that writes names before content', () => {
  cutsThePower({
    needs: [],
    size: 64 << 20,
    make: makeExt4,
    // Each name reaches the disk at once, as after a periodic commit of the journal; content only by a sync.
    options: 'noauto_da_alloc,commit=300,dirsync',
  });
});
