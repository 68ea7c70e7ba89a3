import { expect } from 'chai';
import { signalNumber } from '../../../ts/linux/signals.ts';

describe('the number of a signal', () => {
  for (const [given, number] of [
    ['SIGTERM', 15],
    ['term', 15],
    ['Hup', 1],
    ['9', 9],
    [64, 64],
    ['SIGRTMIN', 34],
    ['RTMIN+3', 37],
    ['rtmax-1', 63],
    ['RTMAX', 64],
  ] as const) {
    it(`is ${number} for ${given}`, () => expect(signalNumber(given)).to.equal(number));
  }

  for (const given of [
    '',
    '0',
    0,
    65,
    '65',
    -1,
    1.5,
    Number.NaN,
    'SIG',
    'NONE',
    'RTMIN-1',
    'RTMAX+1',
    'RTMIN+31',
    'RT',
    '15 ',
  ]) {
    it(`is none for ${JSON.stringify(given)}`, () => expect(signalNumber(given)).to.equal(undefined));
  }
});
