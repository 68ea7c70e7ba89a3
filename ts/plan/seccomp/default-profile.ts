import { defaultDevices } from '../devices.ts';
import { action, allTables, type Condition, type SeccompProfile, type SeccompRule } from './profile.ts';

/** Calls that are allowed without a condition. */
const allowed = `
  accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown chown32 clock_adjtime
  clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep
  clock_nanosleep_time64 close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1
  epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit
  exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2
  fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat
  fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait
  futex_waitv futex_wake futimesat getcpu getcwd getdents getdents64 getegid getegid32 geteuid geteuid32 getgid
  getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid
  getresgid32 getresuid getresuid32 getrlimit get_robust_list getrusage getsid getsockname getsockopt get_thread_area
  gettid gettimeofday getuid getuid32 getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel
  ioctl io_destroy io_getevents io_pgetevents io_pgetevents_time64 ioprio_get ioprio_set io_setup io_submit ipc kill
  landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link linkat listen
  listxattr llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64 madvise map_shadow_stack membarrier
  memfd_create memfd_secret mincore mkdir mkdirat mlock mlock2 mlockall mmap mmap2 mprotect
  mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink
  mremap msgctl msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat _newselect
  open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll
  ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease pselect6 pselect6_time64 pwrite64 pwritev
  pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages
  removexattr rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask
  rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo
  sched_getaffinity sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler
  sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler
  sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 send sendfile sendfile64 sendmmsg
  sendmsg sendto setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid
  setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit
  set_robust_list setsid setsockopt set_thread_area set_tid_address setuid setuid32 setxattr shmat shmctl shmdt shmget
  shutdown sigaltstack signalfd signalfd4 sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs
  statfs64 statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete
  timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime
  timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink
  unlinkat utime utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write writev
`;

/** New user, mount and other namespaces: every CLONE_NEW* but CLONE_NEWTIME, which clone does not take. */
const newNamespaces = 0x7e02_0000;

const EPERM = 1;
const ENOSYS = 38;

/** More calls, allowed with a capability. */
const allowedWith: Readonly<Record<string, string>> = {
  CAP_DAC_READ_SEARCH: 'open_by_handle_at',
  CAP_SYS_ADMIN: `
    bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount open_tree
    perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare`,
  CAP_SYS_BOOT: 'reboot',
  CAP_SYS_CHROOT: 'chroot',
  CAP_SYS_MODULE: 'delete_module init_module finit_module',
  CAP_SYS_PACCT: 'acct',
  CAP_SYS_PTRACE: 'kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace',
  CAP_SYS_RAWIO: 'iopl ioperm',
  CAP_SYS_TIME: 'settimeofday stime clock_settime clock_settime64',
  CAP_SYS_TTY_CONFIG: 'vhangup',
  CAP_SYS_NICE: 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node',
  CAP_SYSLOG: 'syslog',
  CAP_BPF: 'bpf',
  CAP_PERFMON: 'perf_event_open',
};

/** Calls for tracing, which are safe since 4.8: from then on the kernel filters a call after the tracer changed it. */
const tracing = 'process_vm_readv process_vm_writev ptrace';

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

function allow(names: string, rest: Omit<SeccompRule, 'names' | 'action'> = {}): SeccompRule {
  return { names: words(names), action: action.allow, ...rest };
}

/** An argument that the kernel takes as an `int`. */
function int(op: Condition['op'], value: number): Condition {
  return { index: 0, op, value: BigInt(value), bits: 32 };
}

/**
 * All address families but AF_ALG (38) and AF_VSOCK (40). Through the first, a page cache could be written
 * (CVE-2026-31431), the second reaches the hypervisor. 32-bit x86 programs still get both by `socketcall`, whose
 * arguments a filter cannot see and without which older ones have no network.
 */
const sockets: readonly SeccompRule[] = [int('LT', 38), int('EQ', 39), int('GT', 40)].map((condition) =>
  allow('socket', { conditions: [condition] }),
);

/** PER_LINUX, PER_LINUX32, both with UNAME26, and the query of the current personality. */
const personalities: readonly SeccompRule[] = [0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff].map((value) =>
  allow('personality', { conditions: [int('EQ', value)] }),
);

/** Bit of a mode that character and block devices have, and no other file that mknod makes. */
const deviceBit = 0o020000n;

/** Devices that mknod makes with CAP_MKNOD: 0:0, the whiteout of an overlay, and those of every container. */
const madeDevices = [0, ...defaultDevices.map(({ major, minor }) => (major << 8) | minor)];

/**
 * Without CAP_MKNOD, the kernel refuses devices. With it, root could make the host's disk and open it, which Docker's
 * control group of devices prevents.
 *
 * @param mode index of the argument; the next one is the device
 */
function makeNodes(name: string, mode: number): SeccompRule[] {
  const caps = ['CAP_MKNOD'];
  const typed = (mask: bigint, value: bigint): Condition => ({ index: mode, op: 'MASKED_EQ', mask, value, bits: 32 });
  const devices = madeDevices.map((device): SeccompRule => {
    const same: Condition = { index: mode + 1, op: 'EQ', value: BigInt(device), bits: 32 };
    return allow(name, { conditions: [typed(0o170000n, 0o020000n), same], includes: { caps } });
  });
  return [
    allow(name, { excludes: { caps } }),
    allow(name, { conditions: [typed(deviceBit, 0n)], includes: { caps } }),
    ...devices,
  ];
}

/** Docker's default profile (moby 26.1, profiles/seccomp/default.json) without AF_ALG sockets and the host's devices. */
export const defaultProfile: SeccompProfile = {
  defaultAction: action.errno(EPERM),
  tables: allTables,
  rules: [
    allow(allowed),
    allow(tracing, { includes: { minKernel: [4, 8] } }),
    ...sockets,
    ...personalities,
    ...makeNodes('mknod', 1),
    ...makeNodes('mknodat', 2),
    allow('arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls', {
      includes: { arches: ['arm', 'arm64'] },
    }),
    allow('arch_prctl', { includes: { arches: ['amd64', 'x32'] } }),
    allow('modify_ldt', { includes: { arches: ['amd64', 'x32', 'x86'] } }),
    ...Object.entries(allowedWith).map(([capability, names]) => allow(names, { includes: { caps: [capability] } })),
    allow('clone', {
      conditions: [{ index: 0, op: 'MASKED_EQ', mask: BigInt(newNamespaces), value: 0n, bits: 64 }],
      excludes: { caps: ['CAP_SYS_ADMIN'] },
    }),
    // A filter cannot read the flags of clone3, which are in memory. After ENOSYS, programs use clone.
    { names: ['clone3'], action: action.errno(ENOSYS), excludes: { caps: ['CAP_SYS_ADMIN'] } },
  ],
};
