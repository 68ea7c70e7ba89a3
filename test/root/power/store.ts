import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cli } from '../../support/cli.ts';
import { tar } from '../../support/images.ts';
import { runDirectory } from '../../support/run-directory.ts';

/** Runs the command line on a store, and removes the locks, which do not outlive a boot. */
export async function command(root: string, args: readonly string[]): Promise<void> {
  try {
    const { code, stderr } = await cli(root, args);
    if (code !== 0) throw new Error(`orlop ${args.join(' ')} ended with ${code}: ${stderr}`);
  } finally {
    rmSync(runDirectory(root), { recursive: true, force: true });
  }
}

const applets = ['sh', 'cat', 'echo', 'test'];

/** Makes an archive of a small root filesystem with content that no other has. */
function makeArchive(directory: string, name: string): string {
  const tree = join(directory, name);
  for (const path of ['bin', 'etc', 'data/sub']) mkdirSync(join(tree, path), { recursive: true });
  copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
  for (const applet of applets) symlinkSync('busybox', join(tree, 'bin', applet));
  writeFileSync(join(tree, 'etc/name'), name);
  writeFileSync(join(tree, 'data/file'), 'from the image\n');
  writeFileSync(join(tree, 'data/sub/random'), randomBytes(50_000));
  const archive = tar(tree, join(directory, `${name}.tar`));
  rmSync(tree, { recursive: true });
  return archive;
}

/** Archives outside of the store. */
export interface Archives {
  /** The image that the store has from the beginning. */
  readonly first: string;
  readonly imported: string;
  /** Two images with a common layer, of `orlop save`. */
  readonly saved: string;
}

export async function makeArchives(directory: string): Promise<Archives> {
  const archive = (name: string) => makeArchive(directory, name);
  const root = join(directory, 'saving');
  const saved = join(directory, 'saved.tar');
  mkdirSync(root, { mode: 0o700 });
  await command(root, ['import', archive('loaded'), 'loaded']);
  await command(root, ['run', '--name', 'more', 'loaded', 'sh', '-c', 'echo more > /data/more']);
  await command(root, ['commit', 'more', 'more']);
  await command(root, ['save', '-o', saved, 'loaded', 'more']);
  rmSync(root, { recursive: true });
  return { first: archive('first'), imported: archive('imported'), saved };
}

/** Makes a store with what is acknowledged before any cut. */
export async function makeStore(root: string, { first }: Archives): Promise<void> {
  mkdirSync(root, { mode: 0o700 });
  await command(root, ['import', first, 'first']);
  await command(root, ['volume', 'create', 'kept']);
  const change = 'test ! -e /kept/file || exit 0; echo kept > /kept/file; echo changed > /data/file';
  await command(root, ['run', '--name', 'done', '-v', 'kept:/kept', 'first', 'sh', '-c', change]);
  await command(root, ['create', '--name', 'gone', '-v', '/data', '-v', '/other', 'first', 'cat', '/data/file']);
}

/** Arguments of the commands during which the power is cut. */
export const operations: Readonly<Record<string, (archives: Archives) => readonly string[]>> = {
  import: ({ imported }) => ['import', imported, 'imported'],
  load: ({ saved }) => ['load', '-i', saved],
  // The name moves from the image that has it to the new one.
  commit: () => ['commit', 'done', 'first'],
  'volume create': () => ['volume', 'create', 'fresh'],
  create: () => ['create', '--name', 'plain', 'first', 'cat', '/data/file'],
  'create with an existing volume': () => [
    'create',
    '--name',
    'user',
    '-v',
    'kept:/kept',
    'first',
    'cat',
    '/kept/file',
  ],
  'create with new volumes': () => {
    const volumes = ['-v', '/data', '-v', 'named:/data/sub', '-v', '/empty'];
    return ['create', '--name', 'made', ...volumes, 'first', 'cat', '/data/file', '/data/sub/random'];
  },
  rm: () => ['rm', 'done'],
  'rm with volumes': () => ['rm', '--volumes', 'gone'],
};
