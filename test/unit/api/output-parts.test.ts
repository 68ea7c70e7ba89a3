import { expect } from 'chai';
import fc from 'fast-check';
import { makeOutput, outputForm } from '../../../ts/api/output-form.ts';
import { OutputParts } from '../../../ts/api/output-parts.ts';
import { PartList } from '../../../ts/api/part-list.ts';

describe('an output that comes in parts', () => {
  function partsOf(options: Parameters<typeof outputForm>[0], limit = 1000, both: PartList | null = null) {
    const heard: (string | Buffer)[] = [];
    const form = outputForm({ ...options, onStdout: (part: string | Buffer) => heard.push(part) });
    return { form, heard, parts: new OutputParts(form, 0, { limit, both }) };
  }

  it('is given in whole characters, the rest of one with the next part or at the end', () => {
    const { heard, parts } = partsOf({});
    const bytes = Buffer.from('a€b€');
    for (const [from, to] of [
      [0, 2],
      [2, 4],
      [4, 7],
    ] as const) {
      parts.add(bytes.subarray(from, to));
    }
    expect(heard).to.deep.equal(['a', '€', 'b']);
    parts.end();
    expect(heard).to.deep.equal(['a', '€', 'b', '\ufffd']);
    expect(parts.output).to.equal('a€b\ufffd');
  });

  it('is given in lines, or in bytes', () => {
    const lines = partsOf({ lines: true });
    for (const text of ['one\ntw', 'o\nth', 'ree']) lines.parts.add(Buffer.from(text));
    expect(lines.heard).to.deep.equal(['one', 'two']);
    lines.parts.end();
    expect(lines.parts.output).to.deep.equal(['one', 'two', 'three']);
    const bytes = partsOf({ encoding: 'buffer' });
    bytes.parts.add(Buffer.from([0xff, 0xc3]));
    bytes.parts.end();
    expect(bytes.heard).to.deep.equal([Buffer.from([0xff, 0xc3])]);
  });

  it('ends at its limit, with what came before', () => {
    const { heard, parts } = partsOf({}, 5);
    expect(parts.add(Buffer.from('abc'))).to.equal(true);
    expect(parts.add(Buffer.from('de'))).to.equal(true);
    expect(parts.add(Buffer.from('f'))).to.equal(false);
    expect([parts.output, heard]).to.deep.equal(['abcde', ['abc', 'de']]);
  });

  it('has its parts among those of the other one, whole', () => {
    const form = outputForm({ all: true, lines: true });
    const both = new PartList(form);
    const [out, err] = ([0, 1] as const).map((index) => new OutputParts(form, index, { limit: 100, both }));
    out?.add(Buffer.from('out 1\nou'));
    err?.add(Buffer.from('err 1\n'));
    out?.add(Buffer.from('t 2\n'));
    for (const one of [out, err]) one?.end();
    expect(both.output).to.deep.equal(['out 1', 'err 1', 'out 2']);
  });

  it('is what it would be in one part, whatever its bytes', () => {
    const byte = fc.oneof(fc.constantFrom(0x0a, 0x0d, 0x41, 0xc3, 0xbc, 0xe2, 0x82, 0xac, 0xf0, 0x9f), fc.nat(255));
    const chunks = fc.array(fc.array(byte).map((bytes) => Buffer.from(bytes)));
    for (const options of [{}, { lines: true }, { encoding: 'buffer' }]) {
      fc.assert(
        fc.property(chunks, (all) => {
          const { form, parts } = partsOf(options, Number.POSITIVE_INFINITY);
          for (const chunk of all) parts.add(chunk);
          parts.end();
          expect(parts.output).to.deep.equal(makeOutput(Buffer.concat(all), form));
        }),
      );
    }
  });
});
