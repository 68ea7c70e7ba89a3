import { mountPoint } from './constants.ts';
import type { Op, Plan } from './types.ts';

export interface Refusal {
  readonly plan: Plan;
  readonly op: Op;
  /** Name of the errno. */
  readonly code: string;
  /** Name of the system call, or of the operation where the executor refused. */
  readonly syscall: string;
  readonly path: string | undefined;
  readonly dest: string | undefined;
}

type Rule = readonly [steps: readonly Op['op'][] | 'any', codes: readonly string[], hint: (refusal: Refusal) => string];

const mounts: readonly Op['op'][] = ['tmpfs', 'proc', 'sysfs', 'devpts', 'mqueue', 'cgroup'];
const mounting: readonly Op['op'][] = [
  ...mounts,
  'propagation',
  'overlay',
  'bind',
  'root',
  'attach',
  'mask',
  'readonly',
];

/** overlayfs follows no automount point of a lower directory. */
export const automountHint =
  'an automount point (autofs) lies there, which overlayfs does not follow: mount its file system, or use another image';

/** Rules from the particular to the general. The first that fits gives the hint. */
const rules: readonly Rule[] = [
  [['bind'], ['ENOENT', 'ENOTDIR'], ({ path }) => `the source does not exist: create '${path}' first`],
  [['bind'], ['ESTALE'], () => 'the source was replaced while the container was being started: start it again'],
  [['bind'], ['EACCES'], () => 'root too may be kept out of a FUSE or NFS file system: use a source outside of it'],
  [['bind'], ['ELOOP'], () => 'the source leads through a loop of symbolic links: name the place that it should reach'],
  [
    ['attributes'],
    ['ENOSYS'],
    () =>
      `before Linux 5.12 no option, nor the default nodev, holds for mounts below a source: add 'bind', or only 'dev'`,
  ],
  [
    ['idmap'],
    ['EINVAL', 'EPERM'],
    ({ path }) =>
      `the file system of '${path}', or of one below it, cannot show other owners (ext4, xfs, btrfs and tmpfs can): use another place, or '--userns host'`,
  ],
  [['attributes'], ['EINVAL'], () => 'this kernel does not know an option of the mount: make the container without it'],
  [['overlay'], ['ENOENT'], () => `a layer is missing from the store: remove the image and import it again`],
  [['overlay'], ['ENODEV'], () => `the kernel has no overlayfs: try 'modprobe overlay'`],
  [
    ['overlay'],
    ['EINVAL'],
    () =>
      'the file system of the store cannot hold a read-write layer (another overlay, NFS, …): choose one with --root',
  ],
  [['overlay'], ['EBUSY'], () => 'another container has this read-write layer mounted'],
  [['overlay'], ['E2BIG', 'ENAMETOOLONG'], () => 'this kernel takes fewer layers: use an image with fewer of them'],
  [['overlay'], ['ESTALE'], () => 'the read-write layer belongs to other layers: create the container again'],
  [
    ['attach'],
    ['ENOTDIR', 'EISDIR'],
    ({ dest }) =>
      `a directory was to be mounted on a file, or the other way round: check what '${dest}' is in the image`,
  ],
  [
    ['attach', 'chdir'],
    ['EROFS'],
    ({ path, dest }) =>
      `'${dest ?? path}' is missing and lies below something read-only: create it there, or mount that read-write`,
  ],
  [['attach'], ['ENOENT'], ({ dest }) => `a part of '${dest}' is missing, or a symbolic link in it leads to nothing`],
  [
    ['attach'],
    ['ELOOP'],
    ({ op, dest }) =>
      op.op === 'attach' && op.kind === mountPoint['plain directory']
        ? `'${dest}' must be a directory in the image, not a symbolic link: use another image`
        : `'${dest}' leads through a loop of symbolic links or through a magic link of /proc`,
  ],
  [
    ['chdir', 'mask', 'readonly'],
    ['ELOOP'],
    ({ path, dest }) => `'${dest ?? path}' leads through a loop of symbolic links or through a magic link of /proc`,
  ],
  [['attach'], ['EXDEV', 'EINVAL', 'EPERM'], () => 'nothing can be mounted below /proc or on the root itself'],
  [['chdir'], ['ENOTDIR'], ({ path }) => `'${path}' is not a directory in the image: choose another with --workdir`],
  [['chdir'], ['EACCES'], ({ path }) => `'${path}' cannot be entered: choose another with --workdir`],
  [
    ['hostname'],
    ['EPERM'],
    () => `the filter of the container around forbids it: give no host name, or allow it there (seccomp=unconfined)`,
  ],
  [['sysctl'], ['ENOENT'], ({ path }) => `this kernel has no setting '${path}', or not for a container`],
  [['sysctl'], ['EISDIR'], ({ path }) => `'${path}' is a directory of settings: name one of them`],
  // EIO: the kernel has taken only the beginning.
  [['sysctl'], ['EINVAL', 'ERANGE', 'EIO'], ({ path }) => `the kernel takes no such value for '${path}'`],
  [
    ['sysctl'],
    ['EACCES', 'EPERM', 'EROFS'],
    ({ path }) => `'${path}' cannot be changed from a user namespace, or the container around hides it`,
  ],
  [
    ['oom-score'],
    ['EACCES'],
    ({ syscall, plan }) =>
      syscall !== 'write'
        ? `the file belongs to another user: set the program's score, which its containers get, 'choom -n N -- …'`
        : plan.namespaces.includes('user')
          ? `a user namespace cannot lower the program's score: set that, 'choom -n N -- …', or add '--userns host'`
          : "a lower score than the program's takes CAP_SYS_RESOURCE",
  ],
  [
    ['apparmor'],
    ['ENOENT'],
    ({ path, syscall }) =>
      syscall === 'write'
        ? `AppArmor has no profile '${path}' any more: load it again, or start it with '--security-opt apparmor=unconfined'`
        : `this kernel has no AppArmor: start it with '--security-opt apparmor=unconfined'`,
  ],
  [
    ['apparmor'],
    ['EACCES', 'EPERM'],
    () =>
      `the profile of the caller does not allow the change: leave it with '--security-opt apparmor=unconfined', or allow 'change_profile'`,
  ],
  [['rlimit'], ['EPERM'], () => 'raising a hard limit needs CAP_SYS_RESOURCE: choose a lower one with --ulimit'],
  [['rlimit'], ['EINVAL'], () => 'the soft limit is above the hard one'],
  [
    ['ids'],
    ['ENOTSUP'],
    () =>
      `with fs.suid_dumpable=1 that user could read the caller's memory: 'sysctl fs.suid_dumpable=2', or start it from a pool`,
  ],
  [['ids'], ['EINVAL'], () => 'the user namespace does not map that user or group'],
  [
    ['capabilities'],
    ['EPERM'],
    () => 'orlop cannot give what it has not got: run it with more capabilities, or drop some with --cap-drop',
  ],
  [['seccomp'], ['EACCES'], () => 'without no-new-privileges a filter needs CAP_SYS_ADMIN: leave no-new-privileges on'],
  [['seccomp'], ['EINVAL'], () => 'the kernel does not take this filter: check the seccomp profile'],
  [
    ['join'],
    ['EPERM'],
    () => 'the caller has no power over the namespace: call orlop as the user who started the container',
  ],
  [['fork'], ['EAGAIN'], () => `a limit of processes is met: 'ulimit -u', or that of the container, '--pids-limit'`],
  [['chdir'], ['ENOENT'], ({ path }) => `the container has no directory '${path}': choose another with --workdir`],
  [['stdio'], ['ENODEV'], () => `the container has removed its '/dev/null': give streams, or start it again`],
  ['any', ['EREMOTE'], () => automountHint],
  ['any', ['ENOSYS', 'ENOTSUP'], () => `the kernel or an outer sandbox lacks this call: 'orlop doctor' says more`],
  [
    ['proc', 'sysfs'],
    ['EPERM'],
    ({ path }) =>
      `the container around hides parts of '/${path === 'proc' ? 'proc' : 'sys'}': docker run --security-opt systempaths=unconfined, podman run --security-opt unmask=ALL, or procMount: Unmasked in Kubernetes; or share those of the caller: '--security-opt systempaths=host'`,
  ],
  [mounts, ['ENODEV'], ({ path }) => `the kernel has no file system '${path}'`],
  [mounting, ['EPERM', 'EACCES'], () => `mounting needs root (CAP_SYS_ADMIN): 'orlop doctor' says what is missing`],
  ['any', ['EPERM'], () => `orlop needs root: 'orlop doctor' says what is missing`],
  [mounting, ['ENOSPC'], () => 'the file system is full, or the limit fs.mount-max is reached'],
  ['any', ['ENOSPC', 'EDQUOT'], () => 'the file system is full'],
  ['any', ['EMFILE', 'ENFILE'], () => 'too many open files: raise the limit (ulimit -n)'],
  ['any', ['ENOMEM'], () => 'the machine or the cgroup is out of memory'],
];

/** Advice about a refusal; undefined: none. */
export function hintFor(refusal: Refusal): string | undefined {
  const rule = rules.find(
    ([steps, codes]) => (steps === 'any' || steps.includes(refusal.op.op)) && codes.includes(refusal.code),
  );
  return rule?.[2](refusal);
}
