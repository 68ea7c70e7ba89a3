import { expect } from 'chai';
import fc from 'fast-check';
import { RequestError } from '../../../../ts/errors/index.ts';
import {
  familiarName,
  familiarReference,
  formatReference,
  parseReference,
} from '../../../../ts/images/records/reference.ts';

const digest = `sha256:${'a1'.repeat(32)}`;

describe('an image reference', () => {
  const accepted: readonly [text: string, normal: string, familiar: string][] = [
    ['debian', 'docker.io/library/debian:latest', 'debian:latest'],
    ['debian:trixie', 'docker.io/library/debian:trixie', 'debian:trixie'],
    ['library/debian', 'docker.io/library/debian:latest', 'debian:latest'],
    ['docker.io/debian', 'docker.io/library/debian:latest', 'debian:latest'],
    ['index.docker.io/library/debian', 'docker.io/library/debian:latest', 'debian:latest'],
    ['someone/app:1.0', 'docker.io/someone/app:1.0', 'someone/app:1.0'],
    ['ghcr.io/owner/app', 'ghcr.io/owner/app:latest', 'ghcr.io/owner/app:latest'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
    ['localhost:5000/app:v1', 'localhost:5000/app:v1', 'localhost:5000/app:v1'],
    ['registry:5000/app', 'registry:5000/app:latest', 'registry:5000/app:latest'],
    ['[2001:db8::1]:5000/app:v1', '[2001:db8::1]:5000/app:v1', '[2001:db8::1]:5000/app:v1'],
    ['[::1]/app', '[::1]/app:latest', '[::1]/app:latest'],
    ['Registry/app', 'Registry/app:latest', 'Registry/app:latest'],
    [`debian@${digest}`, `docker.io/library/debian@${digest}`, `debian@${digest}`],
    [`debian:13@${digest}`, `docker.io/library/debian:13@${digest}`, `debian:13@${digest}`],
    ['a.b_c__d---e', 'docker.io/library/a.b_c__d---e:latest', 'a.b_c__d---e:latest'],
    ['docker.io/library/a/b:1', 'docker.io/library/a/b:1', 'library/a/b:1'],
    ['docker.io/docker.io/a', 'docker.io/docker.io/a:latest', 'docker.io/docker.io/a:latest'],
    [`app:${'t'.repeat(128)}`, `docker.io/library/app:${'t'.repeat(128)}`, `app:${'t'.repeat(128)}`],
  ];
  for (const [text, normal, familiar] of accepted) {
    it(`reads '${text.slice(0, 60)}'`, () => {
      const reference = parseReference(text);
      expect(formatReference(reference)).to.equal(normal);
      expect(familiarReference(reference)).to.equal(familiar);
      expect(parseReference(normal)).to.deep.equal(reference);
      expect(parseReference(familiar)).to.deep.equal(reference);
    });
  }

  const refused: readonly [text: string, why: RegExp][] = [
    ['', /empty/],
    [':tag', /part of the name is empty/],
    ['Debian', /upper-case/],
    ['Foo Bar', /not a repository name/],
    ['docker.io/library/Debian', /upper-case/],
    ['debian:', /not a tag/],
    ['debian:-x', /not a tag/],
    [`debian:${'t'.repeat(129)}`, /not a tag/],
    ['debian:a b', /not a tag/],
    ['-debian', /not a repository name/],
    ['debian-', /not a repository name/],
    ['a..b', /not a repository name/],
    ['a___b', /not a repository name/],
    ['a//b', /part of the name is empty/],
    ['/debian', /part of the name is empty/],
    ['debian/', /part of the name is empty/],
    ['../../etc', /not a registry/],
    ['a/../b', /not a repository name/],
    ['-bad-.example/app', /not a registry/],
    ['host:port/app', /not a registry/],
    ['debian@sha256:abc', /not a digest/],
    [`debian@sha512:${'a'.repeat(128)}`, /not a digest/],
    [`debian@${digest.toUpperCase()}`, /not a digest/],
    ['deb\0ian', /not a repository name/],
    ['debian\n', /not a repository name/],
    [`${'a'.repeat(256)}`, /more than 255/],
    ['ab'.repeat(32), /image ID/],
  ];
  for (const [text, why] of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}`, () => {
      expect(() => parseReference(text))
        .to.throw(RequestError, why)
        .with.property('code', 'ORLOP_E_REFERENCE');
    });
  }

  for (const [text, hint] of [
    ['Foo', `write 'foo'`],
    ['localhost/Foo/Bar:V1', `write 'localhost/foo/bar:V1'`],
    ['Foo Bar', 'a name has a-z and 0-9, with . _ __ or - between them'],
  ] as const) {
    it(`says what to write for '${text}', which is accepted then`, () => {
      expect(() => parseReference(text))
        .to.throw(RequestError)
        .with.property('hint', hint);
      const written = /^write '(.*)'$/.exec(hint)?.[1];
      if (written !== undefined) expect(familiarReference(parseReference(written))).to.match(/^[a-z/]*(:|$)/);
    });
  }

  it('comes back the same from both of its forms, whatever was accepted', () => {
    const alphabet = fc.constantFrom(...'ab0./:@_-[]A'.split(''), 'localhost', 'docker.io/', 'library/', digest);
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 12 }), (parts) => {
        let reference: ReturnType<typeof parseReference>;
        try {
          reference = parseReference(parts.join(''));
        } catch (error) {
          expect(error).to.be.instanceOf(RequestError);
          return;
        }
        expect(parseReference(formatReference(reference))).to.deep.equal(reference);
        expect(parseReference(familiarReference(reference))).to.deep.equal(reference);
      }),
      { numRuns: 5000 },
    );
  });

  it('has a name without the tag for tables', () => {
    expect(familiarName(parseReference('docker.io/library/debian:trixie'))).to.equal('debian');
    expect(familiarName(parseReference('localhost:5000/a/b:1'))).to.equal('localhost:5000/a/b');
  });
});
