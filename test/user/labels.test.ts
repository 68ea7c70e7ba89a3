import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Orlop, type OrlopRuntime } from '../../ts/index.ts';
import { pythonTars, sha256 } from '../root/archive/support.ts';
import { removeAll } from '../support/orlop.ts';
import { refusal } from '../support/refusal.ts';
import { requires } from '../support/require.ts';

describe('owners and devices that a user namespace cannot keep', function () {
  this.timeout(60_000);
  requires('user', 'addon', 'archive', 'overlay');
  let directory = '';
  let orlop: OrlopRuntime;

  before(async () => {
    directory = mkdtempSync('/var/tmp/orlop-test-');
    orlop = await Orlop.open({ root: join(directory, 'root'), run: join(directory, 'run') });
  });
  after(async () => {
    await orlop.close();
    await removeAll(directory);
  });

  /** Loads an image whose layers are made by scripts of `pythonTars`, lowest first. Returns their digests. */
  async function load(name: string, ...scripts: string[]): Promise<readonly string[]> {
    const folder = mkdtempSync(join(directory, `${name}-`));
    const layers = scripts.map((_, index) => `${index}.tar`);
    pythonTars(scripts.map((script, index) => [join(folder, `${index}.tar`), script]));
    const diffIds = layers.map((layer) => sha256(join(folder, layer)));
    const config = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    const manifest = [{ Config: 'config.json', RepoTags: [`${name}:latest`], Layers: layers }];
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
    const archive = join(directory, `${name}.tar`);
    execFileSync('tar', ['-C', folder, '-cf', archive, '.']);
    await orlop.images.load(archive);
    return diffIds;
  }

  /** Lines of tar of the entries of a container's root file system, without times. */
  async function exported(image: string, ...names: string[]): Promise<string[]> {
    const container = await orlop.create(image, ['none']);
    const file = join(directory, 'exported.tar');
    const descriptor = openSync(file, 'w');
    await container.export(descriptor).finally(() => closeSync(descriptor));
    await container.remove();
    return listed(file, names);
  }

  /** Digests of the files in a saved image. */
  async function saved(image: string): Promise<readonly string[]> {
    const folder = mkdtempSync(join(directory, 'saved-'));
    const file = join(directory, 'saved.tar');
    const descriptor = openSync(file, 'w');
    await orlop.images.save([image], { descriptor }).finally(() => closeSync(descriptor));
    execFileSync('tar', ['-C', folder, '-xf', file]);
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return entries.map((entry) => sha256(join(entry.parentPath, entry.name)));
  }

  function listed(archive: string, names: readonly string[]): string[] {
    return execFileSync('tar', ['--numeric-owner', '-tvf', archive], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.replace(/\s+/g, ' ').replace(/ \d{4}-\S+ \S+/, ''))
      .filter((line) => names.includes(line.split(' ')[3] ?? ''));
  }

  it('are those of the layers below for a directory without an entry, also for the root', async () => {
    const below = `add('.', b'5', uid=3, gid=4, mode=0o2751)\nadd('d', b'5', uid=5, gid=6, mode=0o2750)`;
    await load('inherits', below, `add('d/f', uid=7, gid=8)`);
    expect(await exported('inherits', './', 'd/', 'd/f')).to.deep.equal([
      'drwxr-s--x 3/4 0 ./',
      'drwxr-s--- 5/6 0 d/',
      '-rw-r--r-- 7/8 0 d/f',
    ]);
  });

  it('are those of the last entry of a directory', async () => {
    await load('twice', `add('d', b'5', uid=5, gid=6, mode=0o2750)\nadd('d', b'5', mode=0o700)`);
    expect(await exported('twice', 'd/')).to.deep.equal(['drwx------ 0/0 0 d/']);
  });

  it('are those of links, FIFOs and devices, by whatever name an archive calls them', async () => {
    const script = `
add('d', b'5', uid=1, gid=1)
add('l', b'2', linkname='d')
add('d/link', b'2', linkname='to', uid=5, gid=6)
add('l/through', b'2', linkname='to', uid=70001, gid=70002)
add('d/hard', b'1', linkname='d/link')
add('d/fifo', b'6', uid=7, gid=70003, mode=0o640)
add('d/device', b'3', uid=9, gid=10, mode=0o620, devmajor=4, devminor=5)`;
    const names = ['l', 'd/link', 'd/hard', 'l/through', 'd/through', 'd/fifo', 'd/device'];
    const layers = await load('links', script);
    expect(await saved('links')).to.include.members([...layers]);
    expect(await exported('links', ...names)).to.deep.equal([
      'crw--w---- 9/10 4,5 d/device',
      'prw-r----- 7/70003 0 d/fifo',
      'lrwxrwxrwx 5/6 0 d/hard -> to',
      'hrwxrwxrwx 5/6 0 d/link link to d/hard',
      'lrwxrwxrwx 70001/70002 0 d/through -> to',
      'lrwxrwxrwx 0/0 0 l -> d',
    ]);
  });

  it('are those of the entry that is there in the end', async () => {
    const own = 'uid=70001, gid=70002';
    const first = `
add('file', b'2', linkname='to', ${own})
add('file', data=b'x')
add('given', b'2', linkname='to')
add('given', b'2', linkname='to', ${own})
add('taken', b'2', linkname='to', ${own})
add('taken', b'2', linkname='to')
add('d/gone', b'2', linkname='to', ${own})
add('d', data=b'x')
for name in ('upper', 'hidden', 'again'): add(name, b'2', linkname='to', ${own})`;
    const second = `
add('upper', b'2', linkname='to')
add('.wh.hidden')
add('again', b'2', linkname='to', uid=70003, gid=70004)`;
    await load('replaced', first, second);
    const names = ['file', 'given', 'taken', 'd', 'd/gone', 'upper', 'hidden', 'again'];
    expect(await exported('replaced', ...names)).to.deep.equal([
      'lrwxrwxrwx 70003/70004 0 again -> to',
      '-rw-r--r-- 0/0 1 d',
      '-rw-r--r-- 0/0 1 file',
      'lrwxrwxrwx 70001/70002 0 given -> to',
      'lrwxrwxrwx 0/0 0 taken -> to',
      'lrwxrwxrwx 0/0 0 upper -> to',
    ]);
  });

  it('stay those of a file that a container has only touched, and are lost with it', async () => {
    const links = ['linked', 'made'].map((name) => `add('${name}', b'2', linkname='to', uid=70001, gid=70002)\n`);
    const root = `add('.', b'5', uid=3, gid=70004, mode=0o751)\n`;
    const shell = ['sh', 'rm', 'ln'].map(
      (name) => `add('bin/${name}', data=open('/bin/busybox', 'rb').read(), mode=0o755)\n`,
    );
    await load('changed', [root, ...shell, ...links].join(''));
    const script = 'rm /made; ln -s to /made; ln /linked /other';
    const container = await orlop.create('changed', ['/bin/sh', '-c', script]);
    expect(await (await container.start()).exited).to.include({ exitCode: 0 });
    await container.commit('committed');
    await container.remove();
    expect(await exported('committed', './', 'linked', 'other', 'made')).to.deep.equal([
      'drwxr-x--x 3/70004 0 ./',
      'lrwxrwxrwx 70001/70002 0 linked -> to',
      'lrwxrwxrwx 0/0 0 made -> to',
      'hrwxrwxrwx 70001/70002 0 other link to linked',
    ]);
  });

  it('are not kept without bound: an archive can name long paths by short ones', async () => {
    const deep = Array.from({ length: 15 }, () => 'd'.repeat(250)).join('/');
    const script = `
add('${deep}', b'5')
add('l', b'2', linkname='${deep}')
for i in range(18000): add(f'l/{i}', b'2', linkname='x', uid=70001, gid=70002)`;
    const error = await refusal(load('long', script));
    expect(error).to.include({ code: 'ORLOP_E_ARCHIVE' });
    expect(error.message).to.match(/two million entries/);
  });
});
