import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { pythonTar, pythonTars, shell, unpackFile } from './support.ts';

type Mode = 'layer' | 'tree' | 'files';
const all: readonly Mode[] = ['layer', 'tree', 'files'];

interface Case {
  readonly title: string;
  readonly script: string;
  /** Part of the message. */
  readonly says: string | RegExp;
  readonly modes?: readonly Mode[];
}

const optionsOf = (mode: Mode) => ({ layer: mode === 'layer', filesOnly: mode === 'files' });

const refused: readonly Case[] = [
  { title: `'..' at the front`, script: `add('../victim/new')`, says: `contains '..'` },
  { title: `'..' within`, script: `add('a/../../victim/new')`, says: `contains '..'` },
  { title: `'..' behind a slash`, script: `add('/../victim/new')`, says: `contains '..'` },
  { title: `'..' as a whole`, script: `add('..', b'5')`, says: `contains '..'` },
  {
    title: `a symbolic link as the root`,
    script: `add('.', b'2', linkname='../victim')`,
    says: 'replace the root',
    modes: ['layer', 'tree'],
  },
  { title: `a file as the root`, script: `add('./', b'0')\nadd('.', data=b'x')`, says: 'replace the root' },
  { title: `a hard link out`, script: `add('x', b'1', linkname='../victim/file')`, says: `contains '..'` },
  {
    title: `a hard link to what is not there`,
    script: `add('x', b'1', linkname='etc/passwd')`,
    says: 'does not have before it',
  },
  {
    title: `a hard link to a directory`,
    script: `add('d', b'5')\nadd('x', b'1', linkname='d')`,
    says: 'hard link to a directory',
  },
  { title: `a hard link to the root`, script: `add('x', b'1', linkname='/')`, says: 'replace the root' },
  { title: `a component of 256 bytes`, script: `add('x' * 256)`, says: '255 bytes' },
  { title: `a name of 4096 bytes`, script: `add('/'.join(['x' * 250] * 17))`, says: '4095 bytes' },
  { title: `1025 directories`, script: `add('/'.join(['x'] * 1025))`, says: '1024 directories' },
  { title: `a negative user ID`, script: `add('x', pax_headers={'uid': '-5'})`, says: 'user or group ID' },
  { title: `user ID 2^32 - 1`, script: `add('x', uid=4294967295)`, says: 'user or group ID', modes: ['layer', 'tree'] },
  {
    title: `a NUL in a name of an extended header`,
    script: `add('x', pax_headers={'path': 'safe\\0/../victim'})`,
    says: 'NUL',
  },
  {
    title: `a NUL in a link of an extended header`,
    script: `add('x', b'2', pax_headers={'linkpath': 'a\\0b'})`,
    says: 'NUL',
  },
  { title: `headers over 1 MiB`, script: `add('x', pax_headers={'comment': 'c' * 1100000})`, says: '1 MiB' },
  { title: `a file below a file`, script: `add('f', data=b'x')\nadd('f/below')`, says: 'not a directory' },
  {
    title: `a file below a link to nothing`,
    script: `add('l', b'2', linkname='none')\nadd('l/below')`,
    says: /leads nowhere|not a directory/,
  },
  {
    title: `a hard link instead of the directory that holds its target`,
    script: `add('d/f')\nadd('d', b'1', linkname='d/f')`,
    says: 'does not have before it',
  },
  { title: `a whiteout of nothing`, script: `add('.wh.')`, says: '.wh.' },
  { title: `a whiteout of '.'`, script: `add('d/.wh..')`, says: '.wh.' },
  { title: `a whiteout of '..'`, script: `add('d/.wh...')`, says: '.wh.' },
  { title: `a file below a whiteout`, script: `add('.wh.d/f')`, says: '.wh.' },
  { title: `a hard link to a whiteout`, script: `add('.wh.f')\nadd('x', b'1', linkname='.wh.f')`, says: '.wh.' },
  {
    title: `a hard link to what a whiteout made`,
    script: `add('.wh.f')\nadd('x', b'1', linkname='f')`,
    says: /does not have|\.wh\./,
  },
  { title: `any whiteout`, script: `add('d/.wh.f')`, says: '.wh.', modes: ['tree', 'files'] },
  { title: `an opaque mark`, script: `add('d/.wh..wh..opq')`, says: '.wh.', modes: ['tree', 'files'] },
  {
    title: `a device 0:0`,
    script: `add('x', b'3', devmajor=0, devminor=0)`,
    says: 'device 0:0',
    modes: ['layer', 'tree'],
  },
  {
    title: `a device with too large a number`,
    script: `add('x', b'3', devmajor=4096, devminor=3)`,
    says: 'number of a device',
    modes: ['layer', 'tree'],
  },
  {
    title: `a device whose number becomes another one when it is cut to 32 bits`,
    script: `add('x', b'3', pax_headers={'SCHILY.devmajor': '4294967297', 'SCHILY.devminor': '3'})`,
    says: 'number of a device',
    modes: ['layer', 'tree'],
  },
  ...[
    'trusted.overlay.opaque',
    'trusted.overlay.redirect',
    'trusted.overlay.metacopy',
    'user.overlay.opaque',
    'user.overlay.whiteout',
  ].map(
    (name): Case => ({
      title: `attribute ${name}`,
      script: `add('d', b'5', pax_headers={'SCHILY.xattr.${name}': 'y'})`,
      says: name,
      modes: ['layer', 'tree'],
    }),
  ),
  {
    title: 'a device',
    script: `add('x', b'3', devmajor=1, devminor=3)`,
    says: 'files, directories and links',
    modes: ['files'],
  },
  { title: 'a FIFO', script: `add('x', b'6')`, says: 'files, directories and links', modes: ['files'] },
  {
    title: 'an absolute symbolic link',
    script: `add('x', b'2', linkname='/etc')`,
    says: 'leads out',
    modes: ['files'],
  },
  {
    title: 'a symbolic link out',
    script: `add('d/x', b'2', linkname='../../etc')`,
    says: 'leads out',
    modes: ['files'],
  },
  {
    title: 'a symbolic link out by a detour',
    script: `add('a/b/c', b'5')\nadd('d/x', b'2', linkname='../a/b/../../../etc')`,
    says: 'leads out',
    modes: ['files'],
  },
  {
    title: 'writing through a symbolic link',
    script: `add('d', b'5')\nadd('l', b'2', linkname='d')\nadd('l/f')`,
    says: 'not a directory',
    modes: ['files'],
  },
];

describe('hostile archives', () => {
  requires('privilege', 'archive');
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory(), name);

  beforeEach(() => {
    mkdirSync(at('victim'));
    writeFileSync(at('victim/file'), 'untouched', { mode: 0o600 });
  });

  /** What the archives are after: name, kind, mode, owner, times and content. */
  const around = () =>
    ['victim', ...readdirSync(at('victim')).map((name) => `victim/${name}`)].map((name) => {
      const { mode, uid, gid, mtimeMs, ctimeMs, nlink } = lstatSync(at(name));
      return [
        name,
        mode,
        uid,
        gid,
        mtimeMs,
        ctimeMs,
        nlink,
        name === 'victim' ? '' : readFileSync(at(name), 'utf8'),
      ].join();
    });

  let archives = '';
  before(() => {
    archives = mkdtempSync('/var/tmp/orlop-test-');
    pythonTars(refused.map(({ script }, index) => [join(archives, `${index}.tar`), script]));
  });
  after(() => rmSync(archives, { recursive: true, force: true }));

  for (const [index, { title, says, modes = all }] of refused.entries()) {
    it(`with ${title} are refused, nothing outside changes (${modes.join(', ')})`, async () => {
      for (const mode of modes) {
        const before = around();
        const archive = join(archives, `${index}.tar`);
        const error = await unpackFile(archive, at(mode), optionsOf(mode)).catch((it) => it);
        expect(error, mode).to.include({ name: 'RequestError', code: 'ORLOP_E_ARCHIVE' });
        expect(error.message, mode).to.match(says instanceof RegExp ? says : new RegExp(says.replace(/[.^]/g, '\\$&')));
        expect(around(), mode).to.deep.equal(before);
      }
    });
  }

  it('with absolute names end up below the directory', async () => {
    pythonTar(at('a.tar'), `add('${at('victim')}/file', data=b'changed')\nadd('//x', data=b'x')`);
    const before = around();
    await unpackFile(at('a.tar'), at('out'), { layer: true });
    expect(around()).to.deep.equal(before);
    expect(readFileSync(at(`out/${at('victim')}/file`), 'utf8')).to.equal('changed');
    expect(readFileSync(at('out/x'), 'utf8')).to.equal('x');
  });

  for (const [title, link] of [
    ['absolute', (victim: string) => victim],
    ['relative', () => '../victim'],
    ['far up', () => '../../../../../../../../var/tmp'],
  ] as const) {
    it(`with an ${title} link to a directory and a file in it stay inside`, async () => {
      pythonTar(
        at('a.tar'),
        `add('l', b'2', linkname='${link(at('victim'))}')\nadd('l/file', data=b'changed', mode=0o777)`,
      );
      const before = around();
      await unpackFile(at('a.tar'), at('out'), { layer: true }).catch((error) => {
        expect(error.message).to.include('leads nowhere');
      });
      expect(around()).to.deep.equal(before);
    });
  }

  it('with a link to a file and a file of its name replace the link', async () => {
    pythonTar(
      at('a.tar'),
      `add('l', b'2', linkname='${at('victim/file')}')\nadd('l', data=b'mine', mode=0o777)
add('m', b'2', linkname='../victim/file')\nadd('m', b'1', linkname='l')`,
    );
    const before = around();
    await unpackFile(at('a.tar'), at('out'), { layer: true });
    expect(around()).to.deep.equal(before);
    expect(readFileSync(at('out/m'), 'utf8')).to.equal('mine');
  });

  it('with a hard link to a symbolic link get a second symbolic link, not its target', async () => {
    pythonTar(
      at('a.tar'),
      `add('l', b'2', linkname='${at('victim/file')}')\nadd('h', b'1', linkname='l')\nadd('h', data=b'mine')`,
    );
    const before = around();
    await unpackFile(at('a.tar'), at('out'), { layer: true });
    expect(around()).to.deep.equal(before);
  });

  it('with a chain of links stay inside', async () => {
    pythonTar(
      at('a.tar'),
      `add('a', b'5')\nadd('a/up', b'2', linkname='..')\nadd('b', b'2', linkname='a/up/../../../../victim')\nadd('b/file', data=b'x')`,
    );
    const before = around();
    await unpackFile(at('a.tar'), at('out'), { layer: true }).catch(() => {});
    expect(around()).to.deep.equal(before);
  });

  it('with the name of what is wrong tell it, escaped', async () => {
    pythonTar(at('a.tar'), `add('a/\\x1b[31m/../b')`);
    const error = await unpackFile(at('a.tar'), at('out')).catch((it) => it);
    expect(error.message).to.include(`entry 'a/\\x1b[31m/../b'`);
  });

  describe('of bad form', () => {
    it('are refused when they are no tar at all', async () => {
      for (const [name, content, says] of [
        ['empty', '', 'it is empty'],
        ['text', 'hello\n'.repeat(1000), 'not a tar'],
        ['short', 'x', 'not a tar'],
        ['xz', '\xfd7zXZ\0 and so on', 'compressed in a way'],
        ['bzip2', 'BZh91AY&SY and so on', 'compressed in a way'],
        ['gzip', '\x1f\x8bnot really', 'damaged'],
        ['zstd', '\x28\xb5\x2f\xfdnot really', 'damaged'],
      ] as const) {
        writeFileSync(at(name), Buffer.from(content, 'latin1'));
        const error = await unpackFile(at(name), at(`out-${name}`)).catch((it) => it);
        expect(error, name).to.include({ code: 'ORLOP_E_ARCHIVE' });
        expect(error.message, name).to.include(says);
      }
    });

    it('are refused when the tar inside is none', async () => {
      shell('head -c 5000 /dev/urandom | gzip > "$1"; : | gzip > "$2"', at('a.gz'), at('b.gz'));
      expect((await unpackFile(at('a.gz'), at('a')).catch((it) => it)).message).to.include('not a tar');
      expect((await unpackFile(at('b.gz'), at('b')).catch((it) => it)).message).to.match(/not a tar|empty/);
    });

    it('are refused wherever they are cut', async () => {
      shell(
        'cd "$1"; mkdir t; head -c 5000 /dev/urandom > t/a; : > t/b; long=$(printf "x%.0s" $(seq 150)); echo > t/$long; tar --format=pax -C t -cf a.tar a b $long; gzip -k a.tar; zstd -q a.tar',
        directory(),
      );
      for (const name of ['a.tar', 'a.tar.gz', 'a.tar.zst']) {
        const whole = readFileSync(at(name));
        // The end mark of a plain tar may be cut within its padding.
        const end = name === 'a.tar' ? lastData(whole) : whole.length - 1;
        const cuts = new Set([1, 2, 5, 100, 511, 512, 513, 1023, 1024, 1500, 2048, 2560, 5000, 6143, 6144, 6656, end]);
        for (const cut of [...cuts].filter((it) => it <= end)) {
          writeFileSync(at('cut'), whole.subarray(0, cut));
          // Between two entries of a plain tar only the missing end mark tells.
          const options = { filesOnly: name === 'a.tar' };
          const error = await unpackFile(at('cut'), at(`out-${name}-${cut}`), options).catch((it) => it);
          expect(error, `${name} cut at ${cut}`).to.include({ code: 'ORLOP_E_ARCHIVE' });
        }
      }
    });

    it('are refused when something else follows gzip', async () => {
      shell('cd "$1"; mkdir t; tar -C t -czf a.gz .; echo garbage >> a.gz', directory());
      expect((await unpackFile(at('a.gz'), at('out')).catch((it) => it)).message).to.include('not gzip');
    });

    it('are refused when a byte of the compressed data is wrong', async () => {
      shell('cd "$1"; mkdir t; seq 100000 > t/x; tar -C t -czf a.gz .', directory());
      const bytes = readFileSync(at('a.gz'));
      const middle = bytes.length >> 1;
      bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
      writeFileSync(at('a.gz'), bytes);
      const error = await unpackFile(at('a.gz'), at('out')).catch((it) => it);
      expect(error).to.include({ code: 'ORLOP_E_ARCHIVE' });
    });

    it('are refused when they are larger than allowed, also when only a hole is', async () => {
      shell(
        'cd "$1"; mkdir t; head -c 3000000 /dev/zero > t/x; tar -C t -czf a.gz .; truncate -s 100M s; tar -S -cf s.tar s',
        directory(),
      );
      for (const name of ['a.gz', 's.tar']) {
        const error = await unpackFile(at(name), at(`out-${name}`), { maxSize: 2_000_000 }).catch((it) => it);
        expect(error.message, name).to.include('larger than allowed');
      }
    });

    it('are refused when they grow beyond all proportion', async () => {
      shell('cd "$1"; truncate -s 400M s; tar -cf - s | zstd -q > a.zst; rm s', directory());
      const error = await unpackFile(at('a.zst'), at('out')).catch((it) => it);
      expect(error.message).to.include('ratio');
    });
  });
});

/** Where the last block lies that is not zero. */
function lastData(tar: Buffer): number {
  let end = tar.length;
  while (end > 0 && tar.subarray(end - 512, end).every((byte) => byte === 0)) end -= 512;
  return end;
}
