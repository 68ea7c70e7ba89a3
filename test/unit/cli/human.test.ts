import { expect } from 'chai';
import { ago, ellipsis, humanDuration, humanSize, shortId, timestamp } from '../../../ts/cli/output/human.ts';
import { alignColumns, printable } from '../../../ts/cli/output/table.ts';

const now = new Date('2026-11-27T12:00:00Z');
const before = (seconds: number) => new Date(now.getTime() - seconds * 1000);

describe('sizes and times for people', () => {
  for (const [bytes, text] of [
    [0, '0B'],
    [999, '999B'],
    [1000, '1kB'],
    [1234, '1.23kB'],
    [4_490_000, '4.49MB'],
    [118_000_000, '118MB'],
    [1.5e9, '1.5GB'],
    [2e15, '2PB'],
  ] as const) {
    it(`write ${bytes} bytes as ${text}`, () => {
      expect(humanSize(bytes)).to.equal(text);
    });
  }

  for (const [seconds, text] of [
    [0.4, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [119, 'About a minute'],
    [120, '2 minutes'],
    [3599, '59 minutes'],
    [3600, 'About an hour'],
    [3600 * 1.5, '2 hours'],
    [3600 * 47, '47 hours'],
    [3600 * 48, '2 days'],
    [86400 * 13, '13 days'],
    [86400 * 14, '2 weeks'],
    [86400 * 60, '2 months'],
    [86400 * 365 * 2, '2 years'],
  ] as const) {
    it(`write ${seconds} s as ${text}`, () => {
      expect(humanDuration(seconds * 1000)).to.equal(text);
    });
  }

  it('count from a clock that is given', () => {
    expect(ago(before(300), now)).to.equal('5 minutes ago');
    expect(timestamp(now)).to.equal('2026-11-27 12:00:00 +0000 UTC');
  });

  it('cut by characters, not by halves of them', () => {
    expect(ellipsis('sh -c "echo hello world"', 20)).to.equal('sh -c "echo hello w…');
    expect(ellipsis('😀😀😀', 2)).to.equal('😀…');
    expect(shortId(`sha256:${'ab'.repeat(32)}`)).to.equal('abababababab');
  });
});

describe('a table', () => {
  it('has columns of at least ten, three blanks between them, and the last one as it is', () => {
    expect(
      alignColumns([
        ['DRIVER', 'VOLUME NAME', 'X'],
        ['local', 'abcdefghijklmnop', ''],
      ]),
    ).to.equal('DRIVER    VOLUME NAME        X\nlocal     abcdefghijklmnop   \n');
  });

  it('shows no control character of a name', () => {
    expect(printable('a\u001b[31mb\nc')).to.equal('a?[31mb?c');
    expect(printable('cod.\u202egnp.exe'), 'what would be read backwards').to.equal('cod.?gnp.exe');
  });
});
