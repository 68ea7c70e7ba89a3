import { cutsThePower } from './cuts.ts';

describe('a power cut of btrfs', () => {
  cutsThePower({
    needs: ['btrfs'],
    size: 128 << 20,
    make: ['mkfs.btrfs', '-q', '-m', 'single'],
    // A sync of one file or directory need not write others, as the commit of ext4's journal does.
    options: 'commit=300',
  });
});
