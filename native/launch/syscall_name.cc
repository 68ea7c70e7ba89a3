#include "launch/syscall_name.h"

#include "base/syscall_numbers.h"

namespace orlop::launch {
namespace {

const char* known_name(int number) {
  switch (number) {
#define NAME(name)  \
  case __NR_##name: \
    return #name;
    // clang-format off
    NAME(pidfd_send_signal) NAME(open_tree) NAME(move_mount) NAME(fsopen) NAME(fsconfig) NAME(fsmount) NAME(fspick)
    NAME(pidfd_open) NAME(clone3) NAME(close_range) NAME(openat2) NAME(faccessat2) NAME(mount_setattr) NAME(fchmodat2)
    NAME(open_tree_attr)
    NAME(capset) NAME(chdir) NAME(clock_gettime) NAME(clone) NAME(close) NAME(dup3) NAME(execve) NAME(execveat) NAME(faccessat)
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
  const char* const name = known_name(number);
  return name != nullptr ? name : "syscall " + std::to_string(number);
}

}  // namespace orlop::launch
