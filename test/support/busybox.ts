import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files in the image besides busybox: content by absolute path. */
export type Extra = Readonly<Record<string, string>>;

const passwd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
alice:x:1000:1000:Alice:/home/alice:/bin/sh
`;
const group = `root:x:0:
daemon:x:1:
audio:x:29:alice
alice:x:1000:
`;

/**
 * Makes a tar archive of a small root filesystem from Debian's busybox-static, and returns its path below `directory`.
 * The image has /bin with all applets, /etc/passwd and group with a user alice (1000, also in group 29), /tmp, and a
 * directory /data with content, owned by 1000:1000, mode 0750, for copy-up.
 */
export function busyboxArchive(directory: string, extra: Extra = {}): string {
  const tree = join(directory, 'busybox-tree');
  for (const name of ['bin', 'etc', 'tmp', 'root', 'home/alice', 'var', 'usr/bin', 'data/sub', 'lib']) {
    mkdirSync(join(tree, name), { recursive: true });
  }
  chmodSync(join(tree, 'tmp'), 0o1777);
  copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
  chmodSync(join(tree, 'bin/busybox'), 0o755);
  for (const applet of execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', join(tree, 'bin', applet));
  }
  writeFileSync(join(tree, 'etc/passwd'), passwd);
  writeFileSync(join(tree, 'etc/group'), group);
  writeFileSync(join(tree, 'data/file'), 'from the image\n');
  symlinkSync('file', join(tree, 'data/link'));
  for (const [path, content] of Object.entries(extra)) {
    mkdirSync(join(tree, path, '..'), { recursive: true });
    writeFileSync(join(tree, path), content);
  }
  chmodSync(join(tree, 'data'), 0o750);
  const archive = join(directory, 'busybox.tar');
  // tar(1) writes the owners, which an ordinary user could not give the files.
  const ofAlice = ['./data', './home/alice'];
  const tar = (id: number, ...args: string[]) =>
    execFileSync('tar', [`--owner=${id}`, `--group=${id}`, '--numeric-owner', '-C', tree, '-f', archive, ...args]);
  tar(0, '-c', ...ofAlice.map((path) => `--exclude=${path}`), '.');
  tar(1000, '-r', ...ofAlice);
  rmSync(tree, { recursive: true });
  return archive;
}
