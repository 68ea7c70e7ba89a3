import { expect } from 'chai';
import fc from 'fast-check';
import {
  fill,
  fillAll,
  type Hole,
  hole,
  jsonWithHoles,
  lengthOf,
  type Own,
  shortId,
  valuesOf,
  withRoom,
} from '../../../ts/plan/holes.ts';
import { planText } from '../../support/any-plan.ts';

const id = '0123456789ab'.padEnd(64, 'c');
const own: Own = {
  id,
  name: 'brave_anchor_012345',
  created: '2026-01-02T03:04:05.678Z',
  started: '2026-01-02T03:04:06.789Z',
  requestArgv: ['sh', '-c', 'echo "\\u0000"'],
  requestEnv: [{ name: 'A', value: null }],
  argv: ['sh', ''],
  env: ['A=b', 'C=\ud800'],
};
const values = valuesOf(own);

/** Holes of one text, and those that stand for a list. */
const textHoles: readonly Hole[] = ['id', 'shortId', 'name', 'created', 'started'];
const listHoles: readonly Hole[] = ['requestArgv', 'requestEnv', 'argv', 'env'];

const plainText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => !text.includes('\0')),
  // What JSON writes for a NUL, with more and fewer backslashes than that; and what is escaped itself.
  fc.constantFrom('\\u0000', '\\\\u00000', '\\', '"', 'u0000', '5', '\ud83d', '\udea2', '\n'),
);
const textWith = (holes: readonly Hole[], plain = plainText) =>
  fc
    .array(fc.oneof(plain, fc.constantFrom(...holes.map((name) => hole[name]))), { maxLength: 6 })
    .map((parts) => parts.join(''));
const list = fc.constantFrom(...listHoles).map((name) => [hole[name]]);
const { data } = fc.letrec((tie) => ({
  data: fc.oneof(
    { maxDepth: 4 },
    textWith(textHoles),
    list,
    fc.integer(),
    fc.constantFrom(null, true, false),
    fc.array(tie('data'), { maxLength: 4 }),
    fc.dictionary(plainText, tie('data'), { maxKeys: 4 }),
  ),
}));

const anyList = fc.array(fc.oneof(plainText, fc.record({ name: plainText, value: fc.option(plainText) })), {
  maxLength: 4,
});
const anyValues = fc
  .record({ requestArgv: anyList, requestEnv: anyList, argv: anyList, env: anyList })
  .map((lists) => valuesOf({ ...own, ...(lists as unknown as Own) }));

describe('the holes of a text', () => {
  it('are a NUL and a digit each, and no two are the same', () => {
    const marks = Object.values(hole);
    expect(new Set(marks).size).to.equal(marks.length);
    for (const mark of marks) expect(mark).to.match(/^\0\d$/);
  });

  it('are filled with what a container has of its own', () => {
    expect(fill(`${hole.id}:${hole.shortId}:${hole.name}`, values)).to.equal(`${id}:0123456789ab:${own.name}`);
    expect(fill(`${hole.created}${hole.started}`, values)).to.equal(own.created + own.started);
    expect(fill('none', values)).to.equal('none');
    expect(fill('', values)).to.equal('');
  });

  it('may stand beside digits, and twice in a text', () => {
    expect(fill(`1${hole.shortId}1${hole.shortId}`, values)).to.equal('10123456789ab10123456789ab');
  });

  it('are filled with the text itself, whatever is in it', () => {
    expect(fill(hole.name, valuesOf({ ...own, name: '$&$1\\' }))).to.equal('$&$1\\');
  });

  it('have the digits of a short ID', () => {
    expect(shortId(id)).to.equal('0123456789ab');
  });
});

describe('plain data with holes', () => {
  it('has them filled at any depth, in what is a text', () => {
    const bytes = new Uint8Array([0, 48]);
    const given = { a: [{ b: hole.id, c: 1n, d: null, e: true }, hole.name], f: undefined, bytes };
    expect(fillAll(given, values)).to.deep.equal({
      a: [{ b: id, c: 1n, d: null, e: true }, own.name],
      f: undefined,
      bytes,
    });
    expect(given.a[1]).to.equal(hole.name);
  });

  it('has lists for the arrays of a list’s hole, empty ones too', () => {
    const given = { argv: [hole.argv], env: [hole.requestEnv], list: [[hole.env]] };
    expect(fillAll(given, values)).to.deep.equal({ argv: own.argv, env: own.requestEnv, list: [own.env] });
    const empty = valuesOf({ ...own, argv: [], requestEnv: [], env: [] });
    expect(fillAll(given, empty)).to.deep.equal({ argv: [], env: [], list: [[]] });
  });

  it('has texts for the arrays of a text’s hole', () => {
    expect(fillAll([hole.id], values)).to.deep.equal([id]);
  });

  it('gives, once the holes of its JSON are filled, the JSON of the data once its holes are filled', () => {
    fc.assert(
      fc.property(data, anyValues, (value, own) => {
        expect(fill(jsonWithHoles(value), own)).to.equal(JSON.stringify(fillAll(value, own)));
      }),
      { numRuns: 500 },
    );
  });

  it('has no hole in its JSON but its own', () => {
    fc.assert(
      fc.property(plainText, (text) => {
        expect(jsonWithHoles([text])).to.equal(JSON.stringify([text]));
      }),
    );
    expect(jsonWithHoles('\\u0000')).to.equal('"\\\\u0000"');
    expect(jsonWithHoles(`\\${hole.id}`)).to.equal(`"\\\\${hole.id}"`);
  });

  it('has no quotes around the hole of a list in its JSON, so that what comes of an empty one is an empty list', () => {
    expect(jsonWithHoles({ argv: [hole.argv] })).to.equal(`{"argv":[${hole.argv}]}`);
    const empty = valuesOf({ ...own, argv: [] });
    expect(fill(jsonWithHoles({ argv: [hole.argv], env: [] }), empty)).to.equal('{"argv":[],"env":[]}');
  });
});

describe('a text with room for its values', () => {
  const written = (text: string, given: readonly string[]) => {
    const { bytes, holes } = withRoom(text);
    const filled = Buffer.from(bytes);
    for (const [offset, length, number] of holes) {
      expect(length).to.equal(Buffer.byteLength(given[number] ?? ''));
      filled.write(given[number] ?? '', offset, length, 'latin1');
    }
    return filled.toString('utf8');
  };

  it('is the filled one once they are written there, for any text', () => {
    fc.assert(
      fc.property(textWith(['id', 'shortId'], planText), (text) => {
        expect(written(text, values)).to.equal(fill(text, values));
        expect(lengthOf(text)).to.equal(Buffer.byteLength(fill(text, values)));
      }),
    );
  });

  it('says where they are to be written, behind texts beyond ASCII too', () => {
    const { bytes, holes } = withRoom(`/ä/${hole.id}/${hole.shortId}`);
    expect(holes).to.deep.equal([
      [4, 64, 0],
      [69, 12, 1],
    ]);
    expect(bytes).to.have.length(81);
    expect(withRoom('/none')).to.deep.equal({ bytes: Buffer.from('/none'), holes: [] });
  });

  it('is refused for values that differ in length', () => {
    for (const name of [...textHoles.slice(2), ...listHoles]) {
      expect(() => withRoom(hole[name]), name).to.throw(RangeError, 'no length of its own');
    }
  });

  it('leaves bytes as long as they are, whatever is in them', () => {
    expect(lengthOf(new Uint8Array([0, 48, 0, 49]))).to.equal(4);
  });
});
