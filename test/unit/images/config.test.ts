import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { decodeImage, encodeImage, type ImageDocument } from '../../../ts/images/config.ts';
import { chainIds, hexOf, sha256 } from '../../../ts/images/digest.ts';
import { emptyConfig } from '../../../ts/images/platform.ts';
import { documentKind, maxDocumentBytes, mediaTypes } from '../../../ts/images/transfer/documents.ts';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const layer = sha256('layer');

describe('an image configuration', () => {
  const full: ImageDocument = {
    created: '2026-01-02T03:04:05Z',
    author: 'someone',
    comment: 'a comment',
    architecture: 'amd64',
    os: 'linux',
    variant: '',
    config: {
      env: ['PATH=/bin', 'EMPTY='],
      entrypoint: ['/entry'],
      cmd: ['a', 'b'],
      workingDir: '/srv',
      user: 'app:app',
      volumes: ['/data', '/logs'],
      labels: { a: '1', b: '2' },
      stopSignal: 'SIGQUIT',
      exposedPorts: ['80/tcp'],
    },
    otherConfig: { Healthcheck: { Test: ['CMD', 'true'] } },
    diffIds: [layer],
    history: [{ created: '2026-01-02T03:04:05Z', createdBy: 'import', author: '', comment: 'x', emptyLayer: false }],
  };

  it('comes back from its written form as it was', () => {
    expect(decodeImage(new TextEncoder().encode(encodeImage(full)), 'it')).to.deep.equal(full);
  });

  it('is written the same whatever the order of its sets', () => {
    const other = { ...full, config: { ...full.config, volumes: ['/logs', '/data'], labels: { b: '2', a: '1' } } };
    expect(encodeImage(other)).to.equal(encodeImage(full));
  });

  it('takes the nulls that Docker writes for what is empty', () => {
    const image = decodeImage(
      bytes({
        architecture: 'amd64',
        os: 'linux',
        config: { Env: null, Entrypoint: null, Cmd: null, Volumes: null, Labels: null, ExposedPorts: null },
        rootfs: { type: 'layers', diff_ids: null },
        history: null,
      }),
      'it',
    );
    expect(image.config).to.deep.equal(emptyConfig);
    expect(image.diffIds).to.deep.equal([]);
  });

  const refused: readonly [what: string, document: unknown, why: RegExp][] = [
    ['no rootfs', { config: {} }, /at rootfs/],
    ['another type of rootfs', { rootfs: { type: 'base' } }, /rootfs.type/],
    ['a diff ID that is a path', { rootfs: { type: 'layers', diff_ids: ['../../etc'] } }, /diff_ids.0/],
    [
      'a relative volume',
      { config: { Volumes: { data: {} } }, rootfs: { type: 'layers' } },
      /'data' is not an absolute/,
    ],
    ['a relative working directory', { config: { WorkingDir: 'x' }, rootfs: { type: 'layers' } }, /absolute/],
    ['a NUL in a variable', { config: { Env: ['A=\0'] }, rootfs: { type: 'layers' } }, /NUL/],
    ['a command that is no list', { config: { Cmd: 'sh' }, rootfs: { type: 'layers' } }, /config.Cmd/],
    ['more layers than can be mounted', { rootfs: { type: 'layers', diff_ids: Array(500).fill(layer) } }, /diff_ids/],
    ['a list', [], /at rootfs/],
  ];
  for (const [what, document, why] of refused) {
    it(`is refused with ${what}`, () => {
      expect(() => decodeImage(bytes(document), 'the configuration'))
        .to.throw(RequestError, why)
        .with.property('code', 'ORLOP_E_ARCHIVE');
    });
  }

  it('is refused when it is not JSON, not UTF-8 or too long', () => {
    expect(() => decodeImage(new TextEncoder().encode('{'), 'it')).to.throw(RequestError, /not JSON/);
    expect(() => decodeImage(new Uint8Array([0x22, 0xff, 0x22]), 'it')).to.throw(RequestError, /not JSON/);
    expect(() => decodeImage(new Uint8Array(maxDocumentBytes + 1), 'it')).to.throw(RequestError, /more than/);
  });

  it('does not let a key named __proto__ reach a prototype', () => {
    const json = `{"rootfs":{"type":"layers"},"config":{"Labels":{"__proto__":"x","a":"1"},"__proto__":{"User":"root"}}}`;
    const image = decodeImage(new TextEncoder().encode(json), 'it');
    expect(image.config.labels).to.deep.equal({ a: '1' });
    expect(image.config.user).to.equal('');
    expect(Object.getPrototypeOf(image.config.labels)).to.equal(Object.prototype);
  });
});

describe('the kind of a document', () => {
  const kinds: readonly [string, unknown, string, 'manifest' | 'index'][] = [
    ['a manifest', { layers: [], config: {} }, mediaTypes.manifest, 'manifest'],
    ['a manifest without a type', { layers: [], config: {} }, '', 'manifest'],
    ['an index', { manifests: [], mediaType: mediaTypes.index }, mediaTypes.index, 'index'],
    ['a manifest list of Docker', { manifests: [], mediaType: mediaTypes.dockerIndex }, '', 'index'],
  ];
  for (const [what, document, declared, kind] of kinds) {
    it(`is told for ${what}`, () => {
      expect(documentKind(document, declared, 'it')).to.equal(kind);
    });
  }

  const refused: readonly [string, unknown, string, RegExp][] = [
    ['both at once', { layers: [], manifests: [] }, '', /a manifest and an index/],
    ['neither', {}, '', /neither/],
    ['null', null, '', /neither/],
    ['a manifest declared as an index', { layers: [], config: {} }, mediaTypes.index, /declared/],
    ['an index that calls itself a manifest', { manifests: [], mediaType: mediaTypes.manifest }, '', /declared/],
    ['a manifest of an unknown type', { layers: [], config: {}, mediaType: 'text/plain' }, '', /declared/],
    ['a manifest with fields of the first schema', { layers: [], config: {}, fsLayers: [] }, '', /older/],
  ];
  for (const [what, document, declared, why] of refused) {
    it(`is refused for ${what}`, () => {
      expect(() => documentKind(document, declared, 'it')).to.throw(RequestError, why);
    });
  }
});

describe('a digest', () => {
  it('becomes a file name only when it is one', () => {
    expect(hexOf(layer)).to.match(/^[a-f0-9]{64}$/);
    for (const bad of [
      '',
      'sha256:',
      `sha256:${'A'.repeat(64)}`,
      'sha256:../x',
      `${layer}\n`,
      `md5:${'a'.repeat(32)}`,
    ]) {
      expect(() => hexOf(bad), bad).to.throw(RequestError);
    }
  });

  it('of a chain names a layer with all below it', () => {
    const [a, b] = [sha256('a'), sha256('b')];
    expect(chainIds([])).to.deep.equal([]);
    expect(chainIds([a])).to.deep.equal([a]);
    expect(chainIds([a, b])).to.deep.equal([a, sha256(`${a} ${b}`)]);
    expect(chainIds([a, b])[1]).to.not.equal(chainIds([b, a])[1]);
  });
});
