import { expect } from 'chai';
import type { ReadTrace } from '../../../ts/trace/read.ts';
import { svg } from '../../../ts/trace/svg.ts';
import { readSample } from '../../support/sample-trace.ts';

const draw = (trace: ReadTrace, all = false) => svg(trace, { all });

/** Names of the open elements at the end, and a complaint about the first thing that is not well formed. */
function check(picture: string): string[] {
  const open: string[] = [];
  for (const [tag, close, name = '', empty] of picture.matchAll(/<(\/?)([a-z]+)(?:\s+[\w:-]+="[^"<&]*")*\s*(\/?)>/g)) {
    if (close && open.pop() !== name) return [`${tag} closes nothing`];
    if (!close && !empty) open.push(name);
  }
  const rest = picture.replace(/<(\/?)([a-z]+)(?:\s+[\w:-]+="[^"<&]*")*\s*(\/?)>/g, '').replace(/&#\d+;/g, '');
  if (/[<&]/.test(rest)) open.push(`stray ${/[<&].{0,20}/.exec(rest)?.[0]}`);
  return open;
}

describe('the picture of a start', () => {
  it('is well-formed XML with a bar and a text for each line', () => {
    const picture = draw(readSample());
    expect(check(picture)).to.deep.equal([]);
    const bars = picture.match(/class="bar"/g) ?? [];
    expect(bars.length)
      .to.equal((picture.match(/class="name"/g) ?? []).length)
      .and.to.be.above(30);
    for (const name of ['overlay', 'bind', 'attach', 'pivot', 'exec', 'clone']) expect(picture).to.include(name);
    expect(draw(readSample(), true).match(/class="bar"/g)).to.have.length(readSample().steps.length);
  });

  it('has a title and a description for those who do not see it', () => {
    const picture = draw(readSample());
    expect(picture).to.match(/^<svg [^>]*role="img" aria-labelledby="title description">/);
    expect(picture).to.match(
      /<title id="title">Start of web \(debian:trixie\): [\d.]+ ms to the application&#39;s first/,
    );
    expect(picture).to.match(/<desc id="description">A bar for each of \d+ lines/);
  });

  it('is light or dark as the reader wants, and needs nothing from elsewhere', () => {
    const picture = draw(readSample());
    expect(picture).to.include('@media(prefers-color-scheme:dark)');
    expect(picture).not.to.match(/<script|<image|<foreignObject|@import|url\(|href|on\w+=/i);
    expect(picture.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.to.include('http');
  });

  it('keeps every bar and label inside', () => {
    const picture = draw(readSample());
    for (const [, x = '', width = ''] of picture.matchAll(/class="bar" x="([\d.]+)" y="\d+" width="([\d.]+)"/g)) {
      expect(Number(x)).to.be.at.least(380);
      expect(Number(x) + Number(width)).to.be.at.most(946);
    }
  });

  it('writes no markup and no control character that a name holds', () => {
    const evil = `</title><script>alert(1)</script>"'&\u001b[2J\u0000\ud800\uffff`;
    const step = { phase: 'enter', name: evil, reason: evil, does: evil, at: 0, took: 10 } as const;
    const picture = draw({ name: evil, image: evil, steps: [step], started: 10 });
    expect(check(picture)).to.deep.equal([]);
    expect(picture)
      .not.to.include('<script')
      .and.not.to.match(/[\u0000-\u0009\u000b-\u001f\ud800-\udfff\uffff]/);
    expect(picture).to.include('&#60;script&#62;');
  });
});
