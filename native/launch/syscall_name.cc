#include "launch/syscall_name.h"

#include <sys/syscall.h>

namespace orlop::launch {
namespace {

// From 424 on the numbers are the same on every architecture, and newer than the headers of our glibc floor.
const char* common_name(int number) {
  switch (number) {
    case 424:
      return "pidfd_send_signal";
    case 428:
      return "open_tree";
    case 429:
      return "move_mount";
    case 430:
      return "fsopen";
    case 431:
      return "fsconfig";
    case 432:
      return "fsmount";
    case 433:
      return "fspick";
    case 434:
      return "pidfd_open";
    case 435:
      return "clone3";
    case 436:
      return "close_range";
    case 437:
      return "openat2";
    case 439:
      return "faccessat2";
    case 442:
      return "mount_setattr";
    case 452:
      return "fchmodat2";
    case 467:
      return "open_tree_attr";
    default:
      return nullptr;
  }
}

const char* own_name(int number) {
  switch (number) {
#define NAME(name)  \
  case __NR_##name: \
    return #name;
    // clang-format off
    NAME(capset) NAME(chdir) NAME(clock_gettime) NAME(close) NAME(dup3) NAME(execve) NAME(execveat) NAME(faccessat)
    NAME(fchdir) NAME(fchmod) NAME(fchmodat) NAME(fchown) NAME(fchownat) NAME(fcntl) NAME(fstat) NAME(fstatfs)
    NAME(getcwd) NAME(getdents64) NAME(getppid) NAME(getrlimit) NAME(ioctl) NAME(keyctl) NAME(lseek) NAME(mkdirat)
    NAME(mknodat) NAME(mount) NAME(openat) NAME(pivot_root) NAME(ppoll) NAME(prctl) NAME(pread64) NAME(prlimit64)
    NAME(read) NAME(readlinkat) NAME(rt_sigaction) NAME(rt_sigprocmask) NAME(seccomp) NAME(setgid) NAME(setgroups)
    NAME(sethostname) NAME(setns) NAME(setresgid) NAME(setresuid) NAME(setsid) NAME(socket) NAME(statfs) NAME(statx)
    NAME(symlinkat) NAME(umask) NAME(umount2) NAME(unlinkat) NAME(unshare) NAME(write)
    // clang-format on
#ifdef __NR_newfstatat
                                NAME(newfstatat)
#endif
#undef NAME
                                    default : return nullptr;
  }
}

}  // namespace

std::string syscall_name(int number) {
  const char* name = common_name(number);
  if (name == nullptr) name = own_name(number);
  return name != nullptr ? name : "syscall " + std::to_string(number);
}

}  // namespace orlop::launch
