import { expect } from 'chai';
import { parseMoment } from '../../../../ts/cli/parse/moment.ts';
import { refusalOf } from '../../../support/refusal.ts';

const now = new Date('2026-03-01T12:00:00.500Z');

describe('a moment on the command line', () => {
  for (const [text, moment] of [
    ['10m', '2026-03-01T11:50:00.500Z'],
    ['1h30m', '2026-03-01T10:30:00.500Z'],
    ['1.5s500ms', '2026-03-01T11:59:58.500Z'],
    ['1767225600', '2026-01-01T00:00:00.000Z'],
    ['1767225600.25', '2026-01-01T00:00:00.250Z'],
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00.000Z'],
  ] as const) {
    it(`is ${moment} for ${text}`, () => {
      expect(parseMoment('the filter', text, now).toISOString()).to.equal(moment);
    });
  }

  it('is in the time zone of this machine without one', () => {
    expect(parseMoment('the filter', '2026-01-31', now).getTime()).to.equal(new Date(2026, 0, 31).getTime());
    expect(parseMoment('the filter', '2026-01-31T10:00', now).getTime()).to.equal(new Date(2026, 0, 31, 10).getTime());
  });

  for (const text of ['', 'yesterday', '1d', '5m ago', '-5m', '2026-13-01', '31.01.2026']) {
    it(`is refused: '${text}'`, () => {
      expect(refusalOf(() => parseMoment('the filter until', text, now))).to.include({
        code: 'ORLOP_E_USAGE',
        message: `the filter until '${text}' is no time`,
      });
    });
  }
});
