import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { hasAppArmor } from '../../ts/linux/app-armor.ts';
import { online } from '../../ts/linux/online.ts';
import { hasSeLinux } from '../../ts/linux/selinux.ts';
import { canBoot } from './guest.ts';
import { temporaryParent } from './temporary.ts';

/** Requirements of tests: each returns the reason why it is missing, or null. */
const requirements = {
  'docker-profile': () => (dockerProfile() ? null : "Docker's profile is not here: scripts/setup test"),
  x64: () => (process.arch === 'x64' ? null : 'it needs an x64 processor'),
  privilege: () => (process.getuid?.() === 0 ? null : namespacesOfUsers()),
  user: () => (process.getuid?.() === 0 ? 'it is for an ordinary user' : namespacesOfUsers()),
  root: () => (process.getuid?.() === 0 ? null : 'it needs root'),
  ids: () => (process.getuid?.() === 0 || hasRange() ? null : 'the user has one ID'),
  addon: () => (existsSync('build/Release/orlop.node') ? null : 'the addon is not built: npm run build'),
  archive: () => (existsSync('build/Release/orlop-archive') ? null : 'orlop-archive is not built: npm run build'),
  helper: () => (existsSync('build/Release/orlop-init') ? null : 'orlop-init is not built: npm run build'),
  cli: () => (existsSync('dist/cli/orlop.cjs') ? null : 'the command line is not built: npm run build'),
  autofs: () => (kernelHas('autofs') ? null : 'the kernel has no autofs'),
  overlay: () => (kernelHas('overlay') ? null : 'the kernel has no overlayfs'),
  userns: () => (runs('unshare', '--user', '--map-root-user', 'true') ? null : 'user namespaces cannot be made'),
  busybox: () => (existsSync('/bin/busybox') ? null : 'busybox-static is not installed'),
  strace: () => (runs('strace', '-V') ? null : 'strace is not installed'),
  debootstrap: () => (runs('debootstrap', '--version') ? null : 'debootstrap is not installed'),
  setfattr: () => (runs('setfattr', '--version') ? null : 'attr is not installed'),
  perl: () => (runs('perl', '-v') ? null : 'perl is not installed'),
  clang: () => (runs('clang++-19', '--version') ? null : 'clang-19 is not installed'),
  fuse: () => (runs('sh', '-c', 'exec 3<>/dev/fuse') ? null : 'there is no /dev/fuse'),
  'temporary-ext4': () => (temporaryType() === 'ext2/ext3' ? null : 'the temporary directory is not on ext4'),
  'temporary-on-root': () =>
    statSync(temporaryParent).dev === statSync('/').dev
      ? null
      : 'the temporary directory is not on the file system of /',
  loop: () =>
    runs('losetup', '--find') && runs('mkfs.ext4', '-V') ? null : 'there are no loop devices, or no mkfs.ext4',
  btrfs: () =>
    runs('mkfs.btrfs', '--version') && (kernelHas('btrfs') || runs('modprobe', 'btrfs'))
      ? null
      : 'the kernel has no btrfs, or there is no mkfs.btrfs',
  'cgroup-v2': () => (mounted('cgroup2') ? null : 'there is no cgroup v2 mount'),
  limits: () => (missingControllers().length === 0 ? null : `there is no controller ${missingControllers()[0]}`),
  'pids-v1': () => (mounted('cgroup', ',pids') ? null : 'there are no pids of cgroup v1'),
  'devices-v1': () => (mounted('cgroup', 'devices') ? null : 'there are no devices of cgroup v1'),
  'freezer-v1': () => (mounted('cgroup', 'freezer') ? null : 'there is no freezer of cgroup v1'),
  'no-access-control': () => (hasAppArmor() || hasSeLinux() ? 'the machine has AppArmor or SELinux' : null),
  'online-processors': () => (online('cpu') === null ? '/sys does not say which processors are online' : null),
  vm: () => (canBoot() ? null : 'QEMU or its kernel is not here: scripts/setup vm'),
  systemd: () =>
    ['/usr/lib/systemd/systemd', '/usr/lib/systemd/user/dbus.socket', '/usr/bin/busctl'].every((file) =>
      existsSync(file),
    )
      ? null
      : 'systemd or its buses of users are not here: scripts/setup vm',
  zstd: () => (runs('zstd', '--version') ? null : 'zstd is not installed'),
} as const;

export type Requirement = keyof typeof requirements;

/**
 * Skips the tests of the surrounding `describe`, with a reason, if the machine lacks a requirement. With
 * `ORLOP_MUST_WORK=1`, on machines with all requirements, fails them instead.
 */
export function requires(...names: Requirement[]): void {
  before(function () {
    requiresIn(this, ...names);
  });
}

/** The same for one test, or for a hook. */
export function requiresIn(test: Mocha.Context, ...names: Requirement[]): void {
  for (const name of names) {
    const missing = requirements[name]();
    if (missing === null) continue;
    // What one level leaves out because of its user, another has.
    if (ofUser.has(name) && process.env.ORLOP_TEST_IDS !== undefined) skip(test, missing);
    skipOrFail(test, missing);
  }
}

/** Requirements that depend on who runs the tests, and not on the machine. */
const ofUser: ReadonlySet<Requirement> = new Set(['root', 'ids']);

/**
 * Skips a test, with a reason; fails it with `ORLOP_MUST_WORK=1`.
 *
 * @param cause error that shows what is missing
 */
export function skipOrFail(test: Mocha.Context, reason: string, cause?: unknown): never {
  if (process.env.ORLOP_MUST_WORK === '1') throw new Error(`ORLOP_MUST_WORK is set, but ${reason}`, { cause });
  return skip(test, reason);
}

function skip(test: Mocha.Context, reason: string): never {
  const { currentTest, test: own } = test;
  console.log(`skipped: ${currentTest?.parent?.title ?? own?.title ?? 'tests'}: ${reason}`);
  return test.skip();
}

/** Docker's default profile in its Debian package. */
export function dockerProfile(): string | undefined {
  const installed = '/usr/share/gocode/src/github.com/docker/docker/profiles/seccomp/default.json';
  return [installed, 'build-tests/docker-seccomp.json'].find((path) => existsSync(path));
}

function namespacesOfUsers(): string | null {
  return runs('unshare', '--user', 'true') ? null : 'user namespaces cannot be made';
}

/** A user of containers that is not root, where the caller has more than one ID. */
export function otherUser(): string {
  return requirements.ids() === null ? '1000' : '0';
}

/** True if a range of subordinate IDs is assigned to the user. */
function hasRange(): boolean {
  const { uid, username } = userInfo();
  const isOwn = (line: string) => line.startsWith(`${username}:`) || line.startsWith(`${uid}:`);
  return ['/etc/subuid', '/etc/subgid'].every(
    (path) => existsSync(path) && readFileSync(path, 'utf8').split('\n').some(isOwn),
  );
}

function mounted(type: string, option = ''): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.includes(` - ${type} `) && line.includes(option));
}

/** Controllers of control groups that no mounted hierarchy has. */
function missingControllers(): readonly string[] {
  const has = (path: string, name: string) => existsSync(path) && readFileSync(path, 'utf8').split(/\s/).includes(name);
  const unified = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].map((path) => `${path}/cgroup.controllers`);
  return ['memory', 'cpu', 'cpuset', 'pids'].filter(
    (name) => !unified.some((path) => has(path, name)) && !mounted('cgroup', name),
  );
}

function kernelHas(filesystem: string): boolean {
  return execFileSync('cat', ['/proc/filesystems'], { encoding: 'utf8' }).includes(`\t${filesystem}\n`);
}

function temporaryType(): string {
  return execFileSync('stat', ['-f', '-c', '%T', temporaryParent], { encoding: 'utf8' }).trim();
}

function runs(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
