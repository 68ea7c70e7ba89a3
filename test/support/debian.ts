import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const cache = '/var/tmp/orlop-fixtures';

/**
 * A tar archive of a minimal Debian root filesystem, made by debootstrap from this machine's apt mirror, and kept
 * between runs.
 */
export function debianArchive(): string {
  const archive = join(cache, 'debian-trixie.tar');
  if (existsSync(archive)) return archive;
  mkdirSync(cache, { recursive: true });
  const tree = join(cache, `tree-${process.pid}`);
  const mirror = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], {
    encoding: 'utf8',
  })
    .split('\n')
    .find((line) => !line.includes('security'));
  execFileSync('debootstrap', ['--variant=minbase', '--include=perl-base,sqlite3', 'trixie', tree, mirror ?? ''], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 600_000,
  });
  execFileSync('tar', ['--numeric-owner', '--xattrs', '-C', tree, '-cf', `${archive}.${process.pid}`, '.']);
  rmSync(tree, { recursive: true });
  renameSync(`${archive}.${process.pid}`, archive);
  return archive;
}
