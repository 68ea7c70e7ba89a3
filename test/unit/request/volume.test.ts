import { expect } from 'chai';
import fc from 'fast-check';
import { RequestError } from '../../../ts/errors/index.ts';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import { uniqueTargets } from '../../../ts/request/mounts.ts';
import { parseTmpfs } from '../../../ts/request/tmpfs.ts';
import type { BindMount, VolumeMount } from '../../../ts/request/types.ts';
import { parseVolume, volumeFromInput } from '../../../ts/request/volume.ts';
import { refusalOf } from '../../support/refusal.ts';

const context = { cwd: '/home/me', env: {}, kernel: () => '6.12', online: () => '0-3', seLinux: () => false };

/** Of volumes of the store. */
const standard = attribute.nosuid | attribute.nodev;

function volume(name: string | null, target: string, changes: Partial<VolumeMount> = {}): VolumeMount {
  return { type: 'volume', name, target, attributes: standard, nocopy: false, ...changes };
}

function bind(source: string, target: string, changes: Partial<BindMount> = {}): BindMount {
  return {
    type: 'bind',
    source,
    target,
    attributes: attribute.nodev,
    recursive: true,
    propagation: 'rprivate',
    ...changes,
  };
}

describe('the value of -v', () => {
  const accepted: readonly [string, VolumeMount | BindMount][] = [
    ['/test', volume(null, '/test')],
    ['/test/', volume(null, '/test')],
    ['/a//b/./c/../d', volume(null, '/a/b/d')],
    ['/with space', volume(null, '/with space')],
    ['data:/test', volume('data', '/test')],
    ['d:/test', volume('d', '/test')],
    ['data:/test:ro', volume('data', '/test', { attributes: standard | attribute.readonly })],
    ['data:/test:rw', volume('data', '/test')],
    ['data:/test:nocopy', volume('data', '/test', { nocopy: true })],
    [
      'data:/test:ro,nocopy,delegated',
      volume('data', '/test', { attributes: standard | attribute.readonly, nocopy: true }),
    ],
    ['data:/test:cached', volume('data', '/test')],
    ['/home:/test', bind('/home', '/test')],
    ['/:/host', bind('/', '/host')],
    ['/home/:/test/', bind('/home', '/test')],
    [
      './one.conf:/etc/one.conf:ro',
      bind('/home/me/one.conf', '/etc/one.conf', { attributes: attribute.nodev | attribute.readonly }),
    ],
    ['.:/test', bind('/home/me', '/test')],
    ['../x:/test', bind('/home/x', '/test')],
    ['/rw:/ro', bind('/rw', '/ro')],
    [
      '/h:/c:ro,cached,private',
      bind('/h', '/c', { attributes: attribute.nodev | attribute.readonly, propagation: 'private' }),
    ],
    ['/h:/c:rprivate,ro,consistent', bind('/h', '/c', { attributes: attribute.nodev | attribute.readonly })],
    ['/h:/c:bind', bind('/h', '/c', { recursive: false, propagation: 'private' })],
    ['/h:/c:rbind', bind('/h', '/c')],
    ['/h:/proc/meminfo:ro', bind('/h', '/proc/meminfo', { attributes: attribute.nodev | attribute.readonly })],
    ['/h:/sys/fs', bind('/h', '/sys/fs')],
  ];
  for (const [spec, mount] of accepted) {
    it(`reads '${spec}'`, () => {
      expect(parseVolume(spec, context)).to.deep.equal(mount);
    });
  }

  const refused: readonly [string, code: string, message: RegExp, hint: RegExp][] = [
    ['', 'ORLOP_E_VOLUME_SPEC', /is empty/, /\/target/],
    ['data', 'ORLOP_E_VOLUME_SPEC', /'data' has no target/, /did you mean 'data:\/data'/],
    ['test/x', 'ORLOP_E_TARGET', /not absolute/, /'test\/x:\/target'/],
    ['./x', 'ORLOP_E_TARGET', /not absolute/, /'.\/x:\/target'/],
    [':', 'ORLOP_E_TARGET', /empty target/, /./],
    ['::', 'ORLOP_E_TARGET', /empty target/, /./],
    ['/tmp:', 'ORLOP_E_TARGET', /empty target/, /./],
    ['data:', 'ORLOP_E_TARGET', /empty target/, /./],
    ['data::ro', 'ORLOP_E_TARGET', /empty target/, /./],
    [':/test', 'ORLOP_E_VOLUME_SPEC', /empty source/, /./],
    ['/a:/b:', 'ORLOP_E_VOLUME_SPEC', /empty list of options/, /./],
    ['/tmp:::', 'ORLOP_E_VOLUME_SPEC', /too many colons/, /./],
    ['/a:/b:ro:rw', 'ORLOP_E_VOLUME_SPEC', /too many colons/, /./],
    ['/', 'ORLOP_E_TARGET', /is '\/'/, /below it/],
    ['data:/', 'ORLOP_E_TARGET', /is '\/'/, /below it/],
    ['data:/x/..', 'ORLOP_E_TARGET', /is '\/'/, /below it/],
    ['data:test', 'ORLOP_E_TARGET', /'test' .* not absolute/, /write '\/test'/],
    ['/a:../b', 'ORLOP_E_TARGET', /not absolute/, /./],
    ['/path:ro', 'ORLOP_E_VOLUME_SPEC', /options but no source/, /'name:\/path:ro'/],
    ['/a:/b:sw', 'ORLOP_E_VOLUME_SPEC', /unknown option 'sw'/, /./],
    ['/a:/b:copy', 'ORLOP_E_VOLUME_SPEC', /unknown option 'copy'/, /'nocopy'|options are/],
    ['/a:/b:U', 'ORLOP_E_LATER', /has 'U', which comes with a later version/, /^until then: chown/],
    ['/a:/b:q', 'ORLOP_E_VOLUME_SPEC', /unknown option 'q'/, /^options are/],
    ['/a:/b:shard', 'ORLOP_E_VOLUME_SPEC', /unknown option 'shard'/, /did you mean 'shared'/],
    ['/a:/b:ro,rw', 'ORLOP_E_VOLUME_SPEC', /both 'ro' and 'rw'/, /keep one/],
    ['/a:/b:ro,ro', 'ORLOP_E_VOLUME_SPEC', /'ro' twice/, /keep one/],
    ['/a:/b:rshared,rslave', 'ORLOP_E_VOLUME_SPEC', /both 'rshared' and 'rslave'/, /./],
    ['/a:/b:nocopy', 'ORLOP_E_VOLUME_SPEC', /'nocopy', which a host path does not take/, /./],
    ['/a:/b:shared', 'ORLOP_E_LATER', /'shared', which comes with a later version/, /leave it out/],
    ['/a:/b:rshared', 'ORLOP_E_LATER', /'rshared', which comes with a later version/, /leave it out/],
    ['/a:/b:slave,ro', 'ORLOP_E_LATER', /'slave', which comes with a later version/, /leave it out/],
    ['/a:/b:rslave', 'ORLOP_E_LATER', /'rslave', which comes with a later version/, /leave it out/],
    ['data:/b:shared', 'ORLOP_E_VOLUME_SPEC', /'shared', which a volume does not take/, /./],
    ['data:/b:bind', 'ORLOP_E_VOLUME_SPEC', /'bind', which a volume does not take/, /./],
    ['data:/b:z', 'ORLOP_E_KERNEL', /has 'z', and this machine has no SELinux/, /leave it out/],
    ['/a:/b:ro,Z', 'ORLOP_E_KERNEL', /has 'Z', and this machine has no SELinux/, /leave it out/],
    ['/a:/b:z,Z', 'ORLOP_E_VOLUME_SPEC', /both 'z' and 'Z'/, /keep one/],
    ['a/b:/c', 'ORLOP_E_VOLUME_NAME', /neither a path nor/, /'.\/a\/b'/],
    ['_data:/c', 'ORLOP_E_VOLUME_NAME', /'_data' is not a volume name/, /host path starts/],
    ['-x:/c', 'ORLOP_E_VOLUME_NAME', /not a volume name/, /./],
    ['a b:/c', 'ORLOP_E_VOLUME_NAME', /not a volume name/, /./],
    ['~/x:/c', 'ORLOP_E_SOURCE', /starts with '~'/, /"\$HOME\/x"/],
    ['data:/proc', 'ORLOP_E_TARGET', /is in \/proc/, /./],
    ['data:/proc/sys', 'ORLOP_E_TARGET', /is in \/proc/, /./],
    ['data:/x/../proc/1/mem', 'ORLOP_E_TARGET', /is in \/proc/, /./],
    ['data:/te\0st', 'ORLOP_E_VOLUME_SPEC', /NUL byte/, /./],
    [`data:/${'a/'.repeat(2048)}b`, 'ORLOP_E_TARGET', /the kernel takes 4095/, /shorter/],
    [`/${'a/'.repeat(2048)}b:/x`, 'ORLOP_E_SOURCE', /the kernel takes 4095/, /shorter/],
    [`data:/${'ä'.repeat(128)}`, 'ORLOP_E_TARGET', /more than 255 bytes/, /shorter/],
    [`${'a'.repeat(256)}:/x`, 'ORLOP_E_VOLUME_NAME', /more than 255/, /./],
  ];
  for (const [spec, code, message, hint] of refused) {
    it(`refuses '${spec.length > 40 ? `${spec.slice(0, 20)}… (${spec.length})` : spec.replace('\0', '\\0')}'`, () => {
      const error = refusalOf(() => parseVolume(spec, context));
      expect(error.code).to.equal(code);
      expect(error.message).to.match(message);
      if (code !== 'ORLOP_E_VOLUME_NAME' || error.hint !== undefined) expect(error.hint).to.match(hint);
    });
  }

  it('refuses labels by another sentence where SELinux is on', () => {
    for (const spec of ['data:/b:z', '/a:/b:ro,Z']) {
      const error = refusalOf(() => parseVolume(spec, { ...context, seLinux: () => true }));
      expect(error.code).to.equal('ORLOP_E_LATER');
      expect(error.message).to.match(/labels of SELinux come with a later version/);
      expect(error.hint).to.match(/^until then: leave it out: .*label=disable/);
    }
  });

  it('takes a target of exactly 4095 bytes', () => {
    const target = `/${'a/'.repeat(2046)}bb`;
    expect(Buffer.byteLength(target)).to.equal(4095);
    expect(parseVolume(`data:${target}`, context).target).to.equal(target);
  });

  it('either gives a mount with an absolute, clean target or throws a RequestError, whatever it is given', () => {
    const part = fc.oneof(fc.string(), fc.constantFrom('/', '.', '..', ':', 'ro', 'name', '/proc', '//', '\0'));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        try {
          const { target } = parseVolume(parts.join(''), context);
          expect(target).to.match(/^\/./s);
          expect(target.split('/').slice(1)).to.not.include.members(['']);
          expect(target).to.not.match(/\/\.\.?(\/|$)|\0|^\/proc$/);
        } catch (error) {
          if (!(error instanceof RequestError)) throw error;
          expect(error.message).to.not.match(/[\0-\x1f]/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a volume given as an object', () => {
  it('has the meaning of the text', () => {
    expect(volumeFromInput({ target: '/test' }, context)).to.deep.equal(volume(null, '/test'));
    expect(volumeFromInput({ source: 'data', target: '/t', nocopy: true }, context)).to.deep.equal(
      volume('data', '/t', { nocopy: true }),
    );
    expect(volumeFromInput({ source: './x', target: '/t', readonly: true }, context)).to.deep.equal(
      bind('/home/me/x', '/t', { attributes: attribute.nodev | attribute.readonly }),
    );
  });

  it('may have colons in its paths, which the text cannot express', () => {
    expect(volumeFromInput({ source: '/a:b', target: '/c:d' }, context)).to.deep.equal(bind('/a:b', '/c:d'));
  });

  it('is refused where the text would be', () => {
    const error = refusalOf(() => volumeFromInput({ source: '/a', target: '/b', nocopy: true }, context));
    expect(error.code).to.equal('ORLOP_E_VOLUME_SPEC');
    expect(refusalOf(() => volumeFromInput({ source: 'a', target: 'b' }, context)).code).to.equal('ORLOP_E_TARGET');
  });
});

describe('several mounts', () => {
  const parse = (specs: readonly string[], tmpfs: readonly string[] = []) =>
    uniqueTargets(
      specs.map((spec) => parseVolume(spec, context)),
      tmpfs.map((spec) => parseTmpfs(spec, context)),
    );

  it('are taken once when they are the same', () => {
    expect(parse(['/x', '/x/', 'a:/y', 'a:/y:rw'], ['/z', '/z']).mounts).to.deep.equal([
      volume(null, '/x'),
      volume('a', '/y'),
    ]);
    expect(parse([], ['/z', '/z']).tmpfs).to.have.length(1);
  });

  for (const [specs, tmpfs] of [
    [['/x', 'a:/x'], []],
    [['a:/x', 'a:/x:ro'], []],
    [['/a:/x', '/b:/x/.'], []],
    [['/x'], ['/x']],
    [[], ['/x', '/x:size=1m']],
  ] as const) {
    it(`are refused when two different ones have one target: ${[...specs, ...tmpfs].join(' ')}`, () => {
      const error = refusalOf(() => parse(specs, tmpfs));
      expect(error.code).to.equal('ORLOP_E_DUPLICATE_TARGET');
      expect(error.message).to.include(`'/x'`);
    });
  }

  it('keep the order in which they were given', () => {
    expect(parse(['b:/b', 'a:/a', '/c']).mounts.map(({ target }) => target)).to.deep.equal(['/b', '/a', '/c']);
  });
});
