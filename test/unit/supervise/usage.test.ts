import { expect } from 'chai';
import { usageOf } from '../../../ts/supervise/usage.ts';

const usage = { userMicros: 1500, systemMicros: 0, maxResidentKilobytes: 0, blocksRead: 0, blocksWritten: 0 };
const ended = { code: 0, signal: null, usage };

describe('the wall time of an application', () => {
  it('begins with its execution, not when the launching thread ran again', () => {
    const times = {
      entered: 2_000_000,
      ops: Float64Array.of(2_000_000, 3_000_000, 5_000_000, 0),
      returned: 40_000_000,
    };
    expect(usageOf({ ...ended, seen: 15_000_000 }, null, times).wallMs).to.equal(10);
  });

  it('begins behind the operations of an opener', () => {
    const times = { entered: 7_000_000, ops: Float64Array.of(2_000_000, 3_000_000, 0), returned: 8_000_000 };
    expect(usageOf({ ...ended, seen: 9_000_000 }, null, times).wallMs).to.equal(2);
  });

  it('is 0 where another program took the exit', () => {
    const times = { entered: 2_000_000, ops: Float64Array.of(2_000_000, 0), returned: 8_000_000 };
    expect(usageOf({ ...ended, seen: 0 }, null, times).wallMs).to.equal(0);
  });
});
