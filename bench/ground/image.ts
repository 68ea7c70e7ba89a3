import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { application, type Container, targetOf, type Upper } from '../contestants/contestant.ts';
import type { Ground } from './ground.ts';
import { openOrlop } from './library.ts';

const maximumVolumes = 100;

/** A root filesystem with the one application and every mount point that a contestant needs. */
export function makeTree(tree: string, first: string): void {
  const directories = ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp'];
  const volumes = Array.from({ length: maximumVolumes }, (_, index) => targetOf(index + 1));
  for (const name of [...directories, ...volumes]) mkdirSync(join(tree, name), { recursive: true });
  copyFileSync(first, join(tree, application));
  chmodSync(join(tree, application), 0o755);
  for (const name of ['hosts', 'hostname', 'resolv.conf']) writeFileSync(join(tree, 'etc', name), '');
  writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/first\n');
}

export function makeArchive(tree: string, archive: string): void {
  execFileSync('tar', ['--numeric-owner', '-C', tree, '-cf', archive, '.']);
}

/** Makes sure that the layer directories of a container's image exist: a small file in each but the lowest. */
export function makeLayers(ground: Ground, { layers: count, upper }: Pick<Container, 'layers' | 'upper'>): void {
  const directory = ground.layers[upper];
  for (let layer = 1; layer < count; layer++) {
    const path = join(directory, String(layer));
    if (existsSync(path)) continue;
    mkdirSync(path);
    writeFileSync(join(path, `layer-${layer}`), `${layer}\n`);
  }
}

/**
 * Makes sure that orlop's store has a container's image.
 *
 * @returns its name
 */
export async function prepareImage(ground: Ground, { layers, upper }: Pick<Container, 'layers' | 'upper'>) {
  const name = `bench:${layers}`;
  const orlop = await openOrlop(ground, upper);
  const { items } = await orlop.images.list();
  if (items.some(({ references }) => references.includes(name))) return name;
  if (layers === 1) await orlop.images.import(ground.archive, { reference: name });
  else await loadImage(ground, upper, layers, name);
  return name;
}

async function loadImage(ground: Ground, upper: Upper, layers: number, name: string): Promise<void> {
  const orlop = await openOrlop(ground, upper);
  const directory = mkdtempSync(join(ground.directory, 'image-'));
  try {
    await orlop.images.load(dockerArchive(directory, ground.layers[upper], layers, name));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** An archive as `docker save` writes it, of the layer directories. */
function dockerArchive(directory: string, layers: string, count: number, name: string): string {
  const files = Array.from({ length: count }, (_, layer) => `${layer}.tar`);
  for (const [layer, file] of files.entries()) makeArchive(join(layers, String(layer)), join(directory, file));
  const digests = files.map((file) => `sha256:${sha256(readFileSync(join(directory, file)))}`);
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const config = { architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: digests } };
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: files }];
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(directory, 'archive.tar');
  execFileSync('tar', ['-C', directory, '-cf', archive, 'manifest.json', 'config.json', ...files]);
  return archive;
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
