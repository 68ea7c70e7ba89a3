import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type CliResult, cliPath } from '../../support/cli.ts';
import { listing, withCliStore } from '../../support/cli-store.ts';
import { requires } from '../../support/require.ts';

/** What the command line is given, and what it must say. */
type Case = readonly [what: string, args: readonly string[], message: RegExp, code?: number];

const run = (...options: string[]): readonly string[] => ['run', ...options, 'busybox', 'true'];
const volume = (spec: string): readonly string[] => run('-v', spec);
const deep = `/${'a/'.repeat(2048)}b`;

const requests: readonly Case[] = [
  [
    'a relative target',
    volume('data:test'),
    /target 'test' of volume 'data:test' is not absolute\nhint: write '\/test'/,
  ],
  ['an empty target', volume('data:'), /volume 'data:' has an empty target/],
  ['the target /', volume('data:/'), /is '\/', where the root filesystem is/],
  ['a target that is / in the end', volume('data:/x/..'), /is '\/'/],
  ['a target in /proc', volume('data:/x/../proc/sys'), /'\/proc\/sys' of volume .* is in \/proc/],
  ['an unknown option of a volume', volume('data:/x:sw'), /unknown option 'sw'\nhint: did you mean 'rw'/],
  ['an unknown option', run('--bogus'), /unknown option '--bogus'/],
  ['an option with a slip', run('--volum=x'), /unknown option '--volum=x'|unknown option '--volum'/],
  ['two mounts at one target', run('-v', 'data:/x', '-v', 'other:/x/'), /two mounts have the target '\/x'/],
  ['a volume and a tmpfs at one target', run('-v', '/x', '--tmpfs', '/x'), /two mounts have the target '\/x'/],
  ['a name without a target', volume('data'), /volume 'data' has no target\nhint: did you mean 'data:\/data'/],
  ['a volume name with a blank', volume('a b:/x'), /'a b' is not a volume name/],
  ['a volume name that leads up', ['volume', 'create', '../x'], /'\.\.\/x' is not a volume name/],
  ['a volume name that is hidden', ['volume', 'create', '.x'], /'\.x' is not a volume name/],
  ['a target over 4095 bytes', volume(`data:${deep}`), /has 4098 bytes, the kernel takes 4095/],
  ['a source over 4095 bytes', volume(`${deep}:/x`), /has 4098 bytes, the kernel takes 4095/],
  ['a part of over 255 bytes', volume(`data:/${'a'.repeat(256)}`), /more than 255 bytes/],
  ['propagation', volume('/tmp:/x:rslave'), /'rslave', which comes with a later version/],
  ['an unknown image', ['run', 'nowhere', 'true'], /no image is called 'nowhere'/],
  ['an image name in capitals', ['run', 'BusyBox', 'true'], /'BusyBox' is not an image reference/],
  ['an unknown user', run('-u', 'nobody2'), /has no user 'nobody2' in its \/etc\/passwd/],
  ['an unknown group', run('-u', '0:nogroup2'), /has no group 'nogroup2' in its \/etc\/group/],
  ['the user ID 1x', run('-u', '1x'), /'1x' is not a user ID/],
  ['the user ID 2^32', run('-u', '4294967296'), /the ID '4294967296' is out of range/],
  ['the user ID 2^32 - 1', run('-u', '4294967295'), /the ID '4294967295' is out of range/],
  ['a negative user ID', run('--user=-1'), /the ID '-1' is out of range/],
  [
    'a source that does not exist',
    volume('/no/such/place:/x'),
    /'\/no\/such\/place' at '\/x': the host has no such file/,
  ],
  ['a relative working directory', run('-w', 'x'), /working directory 'x' is not absolute/],
  ['a variable without a name', run('-e', '=x'), /has no name/],
  [
    'a file of variables that is not there',
    run('--env-file', 'absent'),
    /'absent' cannot be read: ENOENT: no such file or directory/,
  ],
  ['a limit that is none', run('--ulimit', 'files=1'), /there is no limit 'files'/],
  [
    'a capability that is none',
    run('--cap-add', 'SYS_ADMN'),
    /no capability 'SYS_ADMN'\nhint: did you mean 'SYS_ADMIN'/,
  ],
  [
    'a profile that is not there',
    run('--security-opt', 'seccomp=/absent'),
    /seccomp profile '\/absent' cannot be read/,
  ],
  ['a network that is none', run('--network', 'brigde'), /there is no network 'brigde'/],
  ['a host name that is none', run('--hostname', 'a_b'), /'a_b' is not a host name/],
  [
    'a trace that cannot be written',
    run('--trace', '/no/such/trace'),
    /no such file or directory, open '\/no\/such\/trace'/,
  ],
  ['a command that is none', ['volume', 'remvoe', 'x'], /there is no command 'volume remvoe'/],
  ['an image without a command', ['run', 'busybox'], /no command for a container of image 'busybox'/],
  ['a directory for an archive', ['import', '/etc', 'x'], /'\/etc' is a directory, not an archive\nhint: .*tar -C/],
  ['a directory for saved images', ['load', '-i', '/etc'], /'\/etc' is a directory, not an archive\nhint: /],
  ['an archive that is not there', ['import', 'absent.tar', 'x'], /the archive 'absent\.tar' cannot be opened/],
  ['a container that is not there', ['commit', 'absent', 'x'], /no container has the name or ID 'absent'/, 1],
];

/** Archives, as python's tarfile makes them from members: name, type, and what a link leads to. */
const archives: readonly (readonly [what: string, python: string, message: RegExp | null])[] = [
  ['a name with ..', "add('../outside')", /'\.\.\/outside'/],
  ['a name with .. behind a directory', "add('a/../../outside')", /outside/],
  ['an absolute name', "add('/absolute')", null],
  ['a hard link out', "add('link', tarfile.LNKTYPE, '../../outside')", /outside|link/],
  ['a hard link to what is not in it', "add('link', tarfile.LNKTYPE, 'etc/absent')", /absent|link/],
  ['a file through its own symlink', "add('way', tarfile.SYMTYPE, '@victim@'); add('way/file')", null],
  [
    'a file through two symlinks',
    "add('a', tarfile.SYMTYPE, 'b'); add('b', tarfile.SYMTYPE, '@victim@'); add('a/file')",
    null,
  ],
  [
    'a hard link through its own symlink',
    "add('way', tarfile.SYMTYPE, '@victim@'); add('l', tarfile.LNKTYPE, 'way/file')",
    /'?l'?/,
  ],
  ['a symlink in the place of its root', "add('.', tarfile.SYMTYPE, '@victim@'); add('file')", /./],
  ['a device that forges a deletion', "add('etc', tarfile.CHRTYPE)", /etc/],
];

const makeArchive = (members: string): string => `
import io, sys, tarfile
archive = tarfile.open(sys.argv[1], 'w')
def add(name, kind=tarfile.REGTYPE, link=''):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    content = b'overwritten' if kind == tarfile.REGTYPE else b''
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
${members}
archive.close()
`;

describe('bad input on the command line', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'cli');
  const store = withCliStore();

  /** One message in the form of all, nothing printed else, and the store as it was. */
  function expectRefusal(result: CliResult, message: RegExp, before: readonly string[], code = 125): void {
    expect(result.stderr).to.match(message);
    expect(result.stderr).to.match(/^orlop: [^\n]+\n(hint: [^\n]+\n)?$/);
    expect(result.stderr).to.not.match(/internal error/);
    expect(result).to.include({ code, stdout: '' });
    expect(listing(store().root)).to.deep.equal(before);
    expect(readdirSync(join(store().run, 'containers'))).to.deep.equal([]);
  }

  // The layer of mount points is made by the first look into an image.
  before(async () => {
    expect((await store().orlop(run('--rm'))).code).to.equal(0);
  });

  for (const [what, args, message, code] of requests) {
    it(`is refused, and nothing is made: ${what}`, async () => {
      const before = listing(store().root);
      expectRefusal(await store().orlop(args), message, before, code);
    });
  }

  it('is refused, and nothing is made: a source inside of the store', async () => {
    const before = listing(store().root);
    for (const path of ['', '/volumes', '/layers/../mnt']) {
      const result = await store().orlop(volume(`${store().root}${path}:/x`));
      expectRefusal(result, /it lies in the store/, before);
    }
  });

  it('is refused, and nothing is made: a source that a link leads into the store', async () => {
    const before = listing(store().root);
    execFileSync('ln', ['-s', `${store().root}/volumes`, join(store().directory, 'way')]);
    expectRefusal(await store().orlop(volume('./way:/x')), /it lies in the store/, before);
  });

  it('is refused, and nothing is made: a NUL byte', async () => {
    const before = listing(store().root);
    writeFileSync(join(store().directory, 'nul.env'), 'A=b\nC=d\0e\n');
    expectRefusal(await store().orlop(run('--env-file', 'nul.env')), /contains a NUL byte/, before);
  });

  it('is refused, and nothing stays: a target that a read-only volume lacks', async () => {
    const outer = join(store().directory, 'outer');
    mkdirSync(outer);
    const before = listing(store().root);
    const result = await store().orlop(run('--rm', '-v', `${outer}:/outer:ro`, '-v', '/outer/inner'));
    expectRefusal(
      result,
      /EROFS: read-only file system, .* '\/outer\/inner'.*\nhint: '\/outer\/inner' is missing/,
      before,
    );
    expect(readdirSync(outer)).to.deep.equal([]);
  });

  it('is refused, and nothing is made: no archive, and half of one', async () => {
    const before = listing(store().root);
    const { directory, archive } = store();
    writeFileSync(join(directory, 'text.tar'), 'no archive\n'.repeat(1000));
    writeFileSync(join(directory, 'empty.tar'), '');
    for (const name of ['text.tar', 'empty.tar']) {
      expectRefusal(await store().orlop(['import', name, 'x']), /archive/, before);
      expectRefusal(await store().orlop(['load', '-i', name]), /archive/, before);
    }
    const half = join(directory, 'half.tar');
    copyFileSync(archive, half);
    truncateSync(half, 300_000);
    expectRefusal(await store().orlop(['import', half, 'x']), /truncated|cut|ends|unexpected/i, before);
    expectRefusal(await store().orlop(['import', '-', 'x'], { input: readFileSync(half) }), /./, before);
    execFileSync('gzip', ['--keep', '--force', archive]);
    truncateSync(`${archive}.gz`, 100_000);
    expectRefusal(await store().orlop(['import', `${archive}.gz`, 'x']), /truncated|cut|ends|unexpected/i, before);
  });

  for (const [what, members, message] of archives) {
    it(`does not lead out of the image: an archive with ${what}`, async () => {
      const { directory, root } = store();
      const victim = join(directory, 'victim');
      mkdirSync(victim, { recursive: true });
      writeFileSync(join(victim, 'file'), 'precious');
      const archive = join(directory, 'trap.tar');
      execFileSync('python3', ['-c', makeArchive(members.replaceAll('@victim@', victim)), archive]);
      const [before, outside] = [listing(root), listing(victim)];
      const result = await store().orlop(['import', archive, 'trap']);
      if (message !== null) expectRefusal(result, message, before);
      expect(listing(victim)).to.deep.equal(outside);
      expect(readdirSync(directory)).to.not.include('outside');
      if (message === null && result.code === 0) expect((await store().orlop(['rmi', 'trap'])).code).to.equal(0);
      expect(listing(root)).to.deep.equal(before);
    });
  }

  it('is refused to who is not root, with what to do', () => {
    // What only root reads is of no use here: a copy of the program, and a store of that user.
    const home = join(store().directory, 'home');
    mkdirSync(home);
    execFileSync('cp', ['-r', 'dist', 'package.json', home]);
    mkdirSync(join(home, 'native/build/Release'), { recursive: true });
    const built = readdirSync('build/Release').filter((name) => statSync(`build/Release/${name}`).isFile());
    for (const name of built) copyFileSync(`build/Release/${name}`, join(home, 'native/build/Release', name));
    execFileSync('chmod', ['-R', 'a+rX', home]);
    execFileSync('chmod', ['a+rx', store().directory]);
    execFileSync('chown', ['-R', '65534:65534', home]);
    const root = join(home, 'store');
    // A namespace in which no other may be made.
    const forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"';
    const result = spawnSync(
      'unshare',
      [
        ...['--user', '--map-user=65534', '--map-group=65534', '--keep-caps', 'sh', '-ec', forbid, 'sh'],
        ...[process.execPath, '--', join(home, 'dist/cli/orlop.cjs'), '--root', root, 'run', 'host', 'true'],
      ],
      {
        ...{ uid: 65534, gid: 65534, cwd: home, encoding: 'utf8', timeout: 100_000 },
        env: { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home },
      },
    );
    expect(result.stderr).to.match(
      /^orlop: a container takes root, or a user namespace, which this machine does not give: ENOSPC.*\nhint: .*user\.max_user_namespaces.*sudo/,
    );
    expect(result.status).to.equal(125);
    expect(readdirSync(join(root, 'containers'))).to.deep.equal([]);
  });

  it('does not run on the host what a file of variables says to Node', () => {
    const { directory, root } = store();
    const script = join(directory, 'attack.cjs');
    writeFileSync(script, `require('node:fs').writeFileSync(${JSON.stringify(join(directory, 'ran'))}, '')`);
    const file = join(directory, 'node.env');
    writeFileSync(file, `NODE_OPTIONS=--require=${script}\nA=b\n`);
    // As it is installed: by the line in its file that says how to run it.
    const result = spawnSync(cliPath, ['--root', root, 'run', '--rm', '--env-file', file, 'busybox', 'env'], {
      encoding: 'utf8',
      timeout: 100_000,
    });
    expect(result.stderr).to.equal('');
    expect(result.stdout).to.match(/^NODE_OPTIONS=--require=.*\nA=b$/m);
    expect(readdirSync(directory)).to.not.include('ran');
  });
});

describe('a damaged record', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'cli');
  const store = withCliStore();

  const damages: readonly (readonly [what: string, damage: (path: string) => void])[] = [
    ['cut off', (path) => truncateSync(path, 20)],
    ['empty', (path) => truncateSync(path, 0)],
    ['of another version', (path) => writeFileSync(path, '{"version":99}')],
    ['something else', (path) => writeFileSync(path, '{"version":1,"__proto__":{"x":1},"constructor":null}')],
    ['larger than any', (path) => truncateSync(path, 5 << 20)],
    ['a pipe', (path) => execFileSync('sh', ['-c', 'rm "$1" && mkfifo "$1"', 'sh', path])],
    [
      'a link to elsewhere',
      (path) => execFileSync('sh', ['-c', 'mv "$1" "$1.moved" && ln -s "$1.moved" "$1"', 'sh', path]),
    ],
  ];

  /** Everything that concerns the other objects still works. */
  async function expectOthersWork(): Promise<void> {
    const { orlop } = store();
    for (const args of [
      ['run', '--rm', '-v', 'good:/v', 'good', 'true'],
      ['inspect', 'good-container'],
      ['volume', 'inspect', 'good'],
      ['start', '-a', 'good-container'],
    ]) {
      const result = await orlop(args);
      expect(result.code, `${args.join(' ')}: ${result.stderr}`).to.equal(0);
    }
    for (const [args, wanted] of [
      [['ps', '-a'], 'good-container'],
      [['images'], 'good'],
      [['volume', 'ls'], 'good'],
    ] as const) {
      expect((await orlop(args)).stdout, args.join(' ')).to.include(wanted);
    }
  }

  before(async () => {
    const { orlop, archive } = store();
    for (const args of [
      ['import', archive, 'good'],
      ['volume', 'create', 'good'],
      ['create', '--name', 'good-container', 'good', 'true'],
    ]) {
      const result = await orlop(args);
      expect(result.code, result.stderr).to.equal(0);
    }
  });

  for (const [what, damage] of damages) {
    it(`that is ${what} costs a volume only, and its data stays`, async () => {
      const { orlop, root } = store();
      expect((await orlop(['run', '--rm', '-v', 'bad:/v', 'good', 'sh', '-c', 'echo kept > /v/f'])).code).to.equal(0);
      const path = join(root, 'volumes/bad/volume.json');
      damage(path);
      const used = await orlop(['run', '--rm', '-v', 'bad:/v', 'good', 'true']);
      expect(used).to.include({ code: 125, stdout: '' });
      expect(used.stderr)
        .to.include(path)
        .and.match(/damaged: .*\nhint: its data is still in .*\/bad\/_data/);
      expect((await orlop(['volume', 'ls'])).stderr).to.include(path);
      await expectOthersWork();
      expect(readFileSync(join(root, 'volumes/bad/_data/f'), 'utf8')).to.equal('kept\n');
      const removed = await orlop(['volume', 'rm', 'bad']);
      expect(removed.code, removed.stderr).to.equal(0);
    });

    for (const file of ['config.json', 'state.json']) {
      it(`${file} that is ${what} costs a container only, which can be removed`, async () => {
        const { orlop, root } = store();
        const created = await orlop(['create', '--name', 'bad', '-v', 'used:/v', 'good', 'true']);
        const id = created.stdout.trim();
        const path = join(root, 'containers', id, file);
        damage(path);
        const started = await orlop(['start', '-a', id]);
        expect(started).to.include({ code: 125, stdout: '' });
        expect(started.stderr)
          .to.include(path)
          .and.match(new RegExp(`hint: remove the container: orlop rm -f ${id.slice(0, 12)}`));
        const told = (await orlop(['ps', '-a'])).stderr;
        expect(told.split(path), 'once').to.have.length(2);
        expect(told).to.match(/\nhint: remove the container: orlop rm -f /);
        // What it uses is still known to be used.
        expect((await orlop(['volume', 'rm', 'used'])).code).to.equal(1);
        await expectOthersWork();
        const removed = await orlop(['rm', '-f', '-v', id]);
        expect(removed.code, removed.stderr).to.equal(0);
        expect(readdirSync(join(root, 'layers'))).to.not.include(id);
        expect((await orlop(['volume', 'rm', 'used'])).code).to.equal(0);
      });
    }

    it(`that is ${what} costs an image only, which can be removed`, async () => {
      const { orlop, root, directory } = store();
      writeFileSync(join(directory, 'one'), what);
      execFileSync('tar', ['-C', directory, '-cf', join(directory, 'bad.tar'), 'one']);
      const id = (await orlop(['import', join(directory, 'bad.tar'), 'bad'])).stdout.trim();
      const path = join(root, 'images', `${id.replace('sha256:', '')}.json`);
      damage(path);
      const used = await orlop(['run', '--rm', 'bad', 'true']);
      expect(used).to.include({ code: 125, stdout: '' });
      expect(used.stderr)
        .to.include(path)
        .and.match(/damaged: .*\nhint: /);
      expect((await orlop(['images'])).stderr).to.include(path);
      await expectOthersWork();
      const removed = await orlop(['rmi', '-f', 'bad']);
      expect(removed.code, removed.stderr).to.equal(0);
      expect((await orlop(['images'])).stderr).to.equal('');
    });
  }
});
