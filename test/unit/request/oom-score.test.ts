import { expect } from 'chai';
import { parseOomScoreAdj } from '../../../ts/request/oom-score.ts';
import { refusalOf } from '../../support/refusal.ts';

describe('the OOM score of a request', () => {
  for (const [given, score] of [
    ['500', 500],
    ['-1000', -1000],
    ['+7', 7],
    [1000, 1000],
    ['0', null],
    [0, null],
  ] as const) {
    it(`is read: ${given}`, () => {
      expect(parseOomScoreAdj(given)).to.equal(score);
    });
  }

  for (const given of ['', '1001', '-1001', '1.5', 1.5, 'high', '0x10', Number.NaN]) {
    it(`is refused: '${given}'`, () => {
      expect(refusalOf(() => parseOomScoreAdj(given)).message).to.contain('-1000 to 1000');
    });
  }
});
