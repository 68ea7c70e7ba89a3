import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fixture } from './orlop.ts';

const applets = [
  'sh',
  'cat',
  'echo',
  'id',
  'ls',
  'readlink',
  'stat',
  'touch',
  'true',
  'mount',
  'grep',
  'find',
  'sleep',
];

/** Imports an image of a small busybox tree after `change` modified the tree. */
export async function importTrap(
  { directory, orlop }: Fixture,
  reference: string,
  change: (tree: string) => void,
  changes: readonly string[] = [],
): Promise<void> {
  const work = mkdtempSync(join(directory, 'trap-'));
  const tree = join(work, 'tree');
  for (const name of ['bin', 'etc', 'tmp', 'data']) mkdirSync(join(tree, name), { recursive: true });
  copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
  for (const name of applets) symlinkSync('busybox', join(tree, 'bin', name));
  writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(tree, 'etc/group'), 'root:x:0:\n');
  change(tree);
  const archive = join(work, 'image.tar');
  execFileSync('tar', ['--numeric-owner', '-C', tree, '-cf', archive, '.']);
  await orlop.images.import(archive, { reference, changes });
  rmSync(work, { recursive: true });
}

/** Replaces a file by a symlink. */
export function replaceByLink(tree: string, name: string, target: string): void {
  rmSync(join(tree, name), { recursive: true, force: true });
  symlinkSync(target, join(tree, name));
}
