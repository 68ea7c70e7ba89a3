import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Orlop, type OrlopRuntime } from '../../ts/index.ts';
import { pythonTars, sha256 } from '../root/archive/support.ts';
import { removeAll } from '../support/orlop.ts';
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

  /** Loads an image whose layers are made by scripts of `pythonTars`, lowest first. */
  async function load(name: string, ...scripts: string[]): Promise<void> {
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

  function listed(archive: string, names: readonly string[]): string[] {
    return execFileSync('tar', ['--numeric-owner', '-tvf', archive], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.replace(/\s+/g, ' ').replace(/ \d{4}-\S+ \S+/, ''))
      .filter((line) => names.includes(line.split(' ')[3] ?? ''));
  }

  it('are those of the layers below for a directory without an entry', async () => {
    const below = `add('d', b'5', uid=5, gid=6, mode=0o2750)`;
    await load('inherits', below, `add('d/f', uid=7, gid=8)`);
    expect(await exported('inherits', 'd/', 'd/f')).to.deep.equal(['drwxr-s--- 5/6 0 d/', '-rw-r--r-- 7/8 0 d/f']);
  });

  it('are those of the last entry of a directory', async () => {
    await load('twice', `add('d', b'5', uid=5, gid=6, mode=0o2750)\nadd('d', b'5', mode=0o700)`);
    expect(await exported('twice', 'd/')).to.deep.equal(['drwx------ 0/0 0 d/']);
  });
});
