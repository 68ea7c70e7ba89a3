import { constants } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { isFollowed, LineSplitter, makeOutput, noOutputs, outputForm } from '../../../ts/api/output-form.ts';
import { refusalOf } from '../../support/refusal.ts';

describe('the limit of an output', () => {
  const limitOf = (options: Parameters<typeof outputForm>[0]) => outputForm(options).maxBytes;

  it('is the one of the caller, 16 MiB otherwise', () => {
    expect(limitOf({})).to.equal(16 << 20);
    expect(limitOf({ maxBuffer: 0 })).to.equal(0);
    expect(limitOf({ maxBuffer: 600, encoding: 'buffer' })).to.equal(600);
  });

  it('is never above what a text, or bytes, can hold, also of both outputs', () => {
    for (const maxBuffer of [Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER]) {
      expect(limitOf({ maxBuffer })).to.equal(constants.MAX_STRING_LENGTH);
      expect(limitOf({ maxBuffer, encoding: 'buffer' })).to.equal(constants.MAX_LENGTH);
      expect(limitOf({ maxBuffer, all: true }) * 2).to.be.at.most(constants.MAX_STRING_LENGTH);
    }
  });

  it('is a number of bytes', () => {
    for (const maxBuffer of [-1, Number.NaN, '5']) {
      expect(refusalOf(() => outputForm({ maxBuffer }))).to.have.property('code', 'ORLOP_E_INPUT');
    }
  });
});

describe('the form of outputs', () => {
  it('is refused if it is none', () => {
    const wrong = { encoding: 'hex', lines: 'yes', all: 1, onStdout: 'print', onStderr: null };
    for (const [name, value] of Object.entries(wrong)) {
      const error = refusalOf(() => outputForm({ [name]: value }));
      expect(error, name).to.have.property('code', 'ORLOP_E_INPUT');
      expect(error.message).to.contain(`'${value}'`);
    }
    const error = refusalOf(() => outputForm({ lines: true, encoding: 'buffer' }));
    expect(error.message).to.equal(`lines are texts, and the encoding is 'buffer'`);
  });

  it('needs JavaScript to read only where somebody wants the outputs before the end, or their order', () => {
    const followed = [{}, { lines: true }, { encoding: 'buffer' }, { all: true }, { onStderr: () => {} }];
    expect(followed.map((options) => isFollowed(outputForm(options)))).to.deep.equal([false, false, false, true, true]);
  });

  it('is kept where nothing was written', () => {
    expect(noOutputs({})).to.deep.equal({ stdout: '', stderr: '' });
    expect(noOutputs({ lines: true, all: true })).to.deep.equal({ stdout: [], stderr: [], all: [] });
    expect(noOutputs({ encoding: 'buffer' }).stdout).to.deep.equal(Buffer.alloc(0));
  });
});

describe('lines', () => {
  const linesOf = (text: string) => makeOutput(Buffer.from(text), { encoding: 'utf8', lines: true });

  it('are without their newlines, and one that is empty counts', () => {
    expect(linesOf('')).to.deep.equal([]);
    expect(linesOf('\n')).to.deep.equal(['']);
    expect(linesOf('a\n\nb')).to.deep.equal(['a', '', 'b']);
    expect(linesOf('a\r\nb\rc\n')).to.deep.equal(['a', 'b\rc']);
  });

  it('are the same however the text is cut', () => {
    const part = fc.constantFrom('a', 'ü', '\n', '\r', '\r\n');
    fc.assert(
      fc.property(fc.array(fc.array(part).map((all) => all.join(''))), (parts) => {
        const splitter = new LineSplitter();
        const lines = [...parts.flatMap((text) => splitter.add(text)), ...splitter.end()];
        expect(lines).to.deep.equal(linesOf(parts.join('')));
      }),
    );
  });
});
