#include "archive/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <span>
#include <vector>

#include "archive/report.h"
#include "base/syscall_numbers.h"

namespace orlop::archive {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kArch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArch = AUDIT_ARCH_AARCH64;
#else
#error "add the audit architecture of this machine"
#endif

// Calls that the libraries need in each role: memory, clocks, exit and abort.
constexpr int kCommon[] = {SYS_read,           SYS_write,        SYS_close,        SYS_brk,        SYS_munmap,
                           SYS_mremap,         SYS_madvise,      SYS_futex,        SYS_getrandom,  SYS_clock_gettime,
                           SYS_getpid,         SYS_gettid,       SYS_exit,         SYS_exit_group, SYS_fstat,
                           SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigaction,
#ifdef SYS_poll
                           SYS_poll,
#endif
#ifdef ORLOP_SANITIZE
                           SYS_sigaltstack,    SYS_sched_yield,
#endif
                           SYS_ppoll};

// The last three are for the removal of a directory that another entry replaces.
constexpr int kUnpack[] = {__NR_openat2,   SYS_newfstatat, SYS_mkdirat,      SYS_mknodat,   SYS_symlinkat, SYS_linkat,
                           SYS_unlinkat,   SYS_fchown,     SYS_fchownat,     SYS_fchmod,    SYS_ftruncate, SYS_pwrite64,
                           SYS_fsetxattr,  SYS_fgetxattr,  SYS_fremovexattr, SYS_utimensat, SYS_sendmsg,   SYS_wait4,
                           SYS_flistxattr, SYS_getdents64, SYS_lseek,        SYS_statx};

constexpr int kPack[] = {__NR_openat2, SYS_newfstatat, SYS_getdents64, SYS_readlinkat,
                         SYS_fcntl,    SYS_flistxattr, SYS_fgetxattr,  SYS_lseek};

constexpr int kBroker[] = {SYS_recvmsg, SYS_fsetxattr};

class Program {
 public:
  Program() {
    load(offsetof(seccomp_data, arch));
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArch, 1, 0));
    end(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
  }

  void allow(std::span<const int> calls) {
    for (int call : calls) {
      code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1));
      end(SECCOMP_RET_ALLOW);
    }
  }

  // Allows a call with this first argument (its low 32 bits).
  void allow_with(int call, uint32_t first) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 4));
    load(static_cast<uint32_t>(offsetof(seccomp_data, args)));
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 0, 1));
    end(SECCOMP_RET_ALLOW);
    end(SECCOMP_RET_KILL_PROCESS);
  }

  // Allows a call unless an argument (its low 32 bits) has a value or, with `bit`, that bit.
  void allow_unless(int call, int argument, uint32_t value, bool bit, int error) {
    uint16_t test = bit ? BPF_JSET : BPF_JEQ;
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 4));
    load(static_cast<uint32_t>(offsetof(seccomp_data, args) + sizeof(uint64_t) * static_cast<size_t>(argument)));
    code_.push_back(BPF_JUMP(static_cast<uint16_t>(BPF_JMP | test | BPF_K), value, 0, 1));
    end(SECCOMP_RET_ERRNO | static_cast<uint32_t>(error));
    end(SECCOMP_RET_ALLOW);
  }

  void install() {
    end(SECCOMP_RET_KILL_PROCESS);
    sock_fprog program{static_cast<uint16_t>(code_.size()), code_.data()};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) fail("prctl", errno);
  }

 private:
  void load(uint32_t offset) { code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)); }
  void end(uint32_t action) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }

  std::vector<sock_filter> code_;
};

}  // namespace

void install_filter(Role role) {
  Program program;
  program.allow(kCommon);
  switch (role) {
    case Role::kUnpack:
      program.allow(kUnpack);
      break;
    case Role::kPack:
      program.allow(kPack);
      break;
    case Role::kBroker:
      program.allow(kBroker);
      break;
  }
  // abort(3), and no signal to another process.
  program.allow_with(SYS_tgkill, static_cast<uint32_t>(getpid()));
  // No path from the root: the C library must not find locales or converters among the files of an archive.
  program.allow_unless(SYS_openat, 0, static_cast<uint32_t>(AT_FDCWD), false, ENOENT);
  // No memory is executable but the program's code.
  program.allow_unless(SYS_mmap, 2, PROT_EXEC, true, EPERM);
  program.allow_unless(SYS_mprotect, 2, PROT_EXEC, true, EPERM);
  program.install();
}

}  // namespace orlop::archive
