// Settings of the process.
#include <linux/poll.h>
#include <linux/prctl.h>

#include "init/ops.h"
#include "init/resolve.h"
#include "init/text.h"

namespace orlop::init {
namespace {

inline constexpr int kJoinSessionKeyring = 1;  // KEYCTL_JOIN_SESSION_KEYRING
inline constexpr int kDupfdCloexec = 1030;     // F_DUPFD_CLOEXEC
inline constexpr int kSetfd = 2;               // F_SETFD
inline constexpr int kGetfl = 3;               // F_GETFL
inline constexpr int kFdCloexec = 1;           // FD_CLOEXEC
inline constexpr int kSetMask = 2;             // SIG_SETMASK
inline constexpr int kSignals = 64;
inline constexpr int kKill = 9;
inline constexpr int kStop = 19;
inline constexpr uint32_t kOpenFiles = 7;  // RLIMIT_NOFILE
inline constexpr uint32_t kCloseRangeCloexec = 4;

// struct sigaction of the kernel; all zero is the default action. The size of its signal set is 8.
struct KernelAction {
  uint64_t handler;
  uint64_t flags;
  uint64_t restorer;
  uint64_t mask;
};

// An entry of getdents64(2).
struct DirectoryEntry {
  uint64_t inode;
  int64_t next;
  uint16_t length;
  uint8_t type;
  char name[1];  // the first letter of it
};

// Number of a descriptor from its entry; -1 for "." and "..".
int to_number(const char* text) {
  int number = *text == 0 ? -1 : 0;
  for (; number >= 0 && *text != 0; text++) number = *text < '0' || *text > '9' ? -1 : number * 10 + (*text - '0');
  return number;
}

// close_range without the call, by the directory that was opened through the host's /proc.
int mark_one_by_one(Context& context) {
  alignas(DirectoryEntry) char buffer[2048];
  long error = context.call(__NR_lseek, context.own_fds, 0, 0);
  while (error >= 0) {
    const long size = context.call(__NR_getdents64, context.own_fds, buffer, sizeof buffer);
    if (size <= 0) return static_cast<int>(size);
    for (long at = 0; at < size && error >= 0;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer + at);
      const int fd = to_number(entry->name);
      if (fd > 2) error = context.call(__NR_fcntl, fd, kSetfd, kFdCloexec);
      at += entry->length;
    }
  }
  return static_cast<int>(error);
}

bool is_null_device(const struct statx& facts) {
  return (facts.stx_mode & S_IFMT) == S_IFCHR && facts.stx_rdev_major == 1 && facts.stx_rdev_minor == 3;
}

// Opens the container's own null device, which in a user namespace is the host's, on a mount that is read-only. Where
// there is none, the source stays: who mounts another /dev answers for it.
int open_bound_null(Context& context, int flags, int source) {
  static constexpr char kPathOfNull[] = "/dev/null";
  const auto found = static_cast<int>(context.call(__NR_openat, kAtCwd, kPathOfNull, kPath | O_NOFOLLOW, 0));
  if (found < 0) return source;
  struct statx facts;
  const bool is_null = stat_fd(context, found, &facts) == 0 && is_null_device(facts);
  close_fd(found);
  const auto own = is_null ? static_cast<int>(context.call(__NR_openat, kAtCwd, kPathOfNull, flags, 0)) : -1;
  return own < 0 ? source : own;
}

// With a descriptor of the host's /dev/null, the application could change that device's mode and owner for the whole
// host, if it has the ID of the owner. So the null device of the scratch replaces it. In a user namespace that is none:
// it was bound, and went with the old root.
int replace_null(Context& context, int scratch, int source) {
  struct statx facts;
  int error = stat_fd(context, source, &facts);
  if (error != 0 || !is_null_device(facts)) return error != 0 ? error : source;
  const long mode = context.call(__NR_fcntl, source, kGetfl, 0);
  if (mode < 0) return static_cast<int>(mode);
  const auto own = static_cast<int>(context.call(__NR_openat, scratch, "null", kPath | O_NOFOLLOW, 0));
  if (own < 0) return own;
  error = stat_fd(context, own, &facts);
  close_fd(own);
  if (error != 0) return error;
  const int flags = (static_cast<int>(mode) & O_ACCMODE) | O_NOFOLLOW | O_CLOEXEC;
  if (!is_null_device(facts)) return context.pivoted ? open_bound_null(context, flags, source) : source;
  return static_cast<int>(context.call(__NR_openat, scratch, "null", flags, 0));
}

// The same for a further process of a container, which must not fall back to the host's: processes of the container may
// have removed its own. They may also exchange it meanwhile, so `stdio` comes after the change of credentials.
int take_null_of_container(Context& context, int source) {
  struct statx facts;
  const int error = stat_fd(context, source, &facts);
  if (error != 0 || !is_null_device(facts)) return error != 0 ? error : source;
  const long mode = context.call(__NR_fcntl, source, kGetfl, 0);
  if (mode < 0) return static_cast<int>(mode);
  const int own = open_bound_null(context, (static_cast<int>(mode) & O_ACCMODE) | O_NOFOLLOW | O_CLOEXEC, -ENODEV);
  return own == -ENODEV ? context.refuse(ENODEV) : own;
}

// This process has copies of all descriptors of its caller, possibly more than the limit of the application, and opens
// the working directory and the program later. So a lower limit, which needs no privilege, waits until then.
int raise_open_files(Context& context, const plan::op::Rlimit& op) {
  uint64_t now[2];
  long error = context.call(__NR_prlimit64, 0, kOpenFiles, nullptr, now);
  if (error == 0 && (op.hard > now[1] || op.soft > op.hard)) {
    const uint64_t raised[2] = {op.soft > now[0] ? op.soft : now[0], op.hard};
    error = context.call(__NR_prlimit64, 0, kOpenFiles, raised, nullptr);
  }
  context.few_files = error == 0;
  context.open_files[0] = op.soft;
  context.open_files[1] = op.hard;
  context.open_files_op = context.op;
  return static_cast<int>(error);
}

}  // namespace

int execute(Context& context, const plan::op::Keyring& op) {
  const long serial = context.call(__NR_keyctl, kJoinSessionKeyring, op.name);
  // Without keyrings in the kernel there is nothing to separate.
  return serial < 0 && serial != -ENOSYS ? static_cast<int>(serial) : 0;
}

int execute(Context& context, const plan::op::Session&) {
  const long session = context.call(__NR_setsid);
  return session < 0 && session != -EPERM ? static_cast<int>(session) : 0;
}

int execute(Context& context, const plan::op::Stdio& op) {
  int sources[3] = {context.slot(op.in), context.slot(op.out), context.slot(op.err)};
  // A source that is 0, 1 or 2 could be overwritten, so it is moved first.
  for (int& source : sources) {
    if (source < 0) return context.refuse(-source);
    if (op.scratch != plan::kNoSlot) {
      source = replace_null(context, context.slot(op.scratch), source);
    } else if (context.start.fork != nullptr) {
      source = take_null_of_container(context, source);
    }
    if (source < 0) return source;
    if (source > 2) continue;
    source = static_cast<int>(context.call(__NR_fcntl, source, kDupfdCloexec, 3));
    if (source < 0) return source;
  }
  for (int target = 0; target < 3; target++) {
    const long error = context.call(__NR_dup3, sources[target], target, 0);
    if (error < 0) return static_cast<int>(error);
  }
  return 0;
}

int execute(Context& context, const plan::op::Rlimit& op) {
  if (op.resource == kOpenFiles) return raise_open_files(context, op);
  const uint64_t limit[2] = {op.soft, op.hard};
  return static_cast<int>(context.call(__NR_prlimit64, 0, op.resource, limit, nullptr));
}

int limit_open_files(Context& context) {
  if (!context.few_files) return 0;
  context.few_files = false;
  const auto error = static_cast<int>(context.call(__NR_prlimit64, 0, kOpenFiles, context.open_files, nullptr));
  if (error < 0) context.op = context.open_files_op;
  return error;
}

int execute(Context& context, const plan::op::Umask& op) {
  context.call(__NR_umask, op.mask & 0777);
  return 0;
}

// Defaults first: a pending signal must not find a handler of the caller, whose memory this is.
int execute(Context& context, const plan::op::Signals&) {
  const KernelAction standard = {};
  for (int signal = 1; signal <= kSignals; signal++) {
    if (signal == kKill || signal == kStop) continue;
    const long error = context.call(__NR_rt_sigaction, signal, &standard, nullptr, sizeof standard.mask);
    if (error < 0) return static_cast<int>(error);
  }
  const uint64_t none = 0;
  return static_cast<int>(context.call(__NR_rt_sigprocmask, kSetMask, &none, nullptr, sizeof none));
}

int execute(Context& context, const plan::op::Chdir& op) {
  if (context.rootfs < 0) return context.refuse(EBADF);
  const bool create = op.create != 0;
  // The mode of a new directory is 0755, whatever the application's umask is.
  const auto mask = static_cast<uint32_t>(system_call(__NR_umask, 0));
  const int directory = resolve(context, context.rootfs, op.path, create ? Missing::kMakeDirectory : Missing::kFail);
  system_call(__NR_umask, mask);
  if (directory < 0) return directory;
  long error = context.call(__NR_fchdir, directory);
  close_fd(directory);
  if (error < 0) return static_cast<int>(error);
  // getcwd(2) shows a directory that is not below the root as "(unreachable)/…" (CVE-2024-21626).
  Text<kPathMax> path;
  error = context.call(__NR_getcwd, path.data(), kPathMax);
  if (error < 0) return static_cast<int>(error);
  return path.get()[0] == '/' ? 0 : context.refuse(EXDEV);
}

// The signal comes when the thread that cloned this process ends. If the caller died before this call, the signal never
// comes; in a new PID namespace getppid() is 0 either way. So the caller's pidfd is checked afterwards.
int execute(Context& context, const plan::op::ParentDeath& op) {
  const long error = context.call(__NR_prctl, PR_SET_PDEATHSIG, op.signal, 0, 0, 0);
  if (error < 0 || context.start.parent <= 0) return static_cast<int>(error);
  pollfd caller = {context.start.parent, POLLIN, 0};
  const int64_t no_wait[2] = {0, 0};
  const long ready = context.call(__NR_ppoll, &caller, 1, no_wait, nullptr, sizeof(uint64_t));
  if (ready < 0) return static_cast<int>(ready);
  return ready == 0 ? 0 : context.refuse(ECANCELED);
}

// Marked, not closed: a failure of `exec` must still be able to use them, and execve closes them all at once.
int execute(Context& context, const plan::op::CloseFds&) {
  if (!context.has(kFeatureCloseRange)) return mark_one_by_one(context);
  return static_cast<int>(context.call(__NR_close_range, 3, ~0u, kCloseRangeCloexec));
}

int execute(Context& context, const plan::op::Barrier& op) {
  const int gate = context.slot(op.gate);
  if (gate < 0) return context.refuse(-gate);
  char byte;
  long size = -EINTR;
  while (size == -EINTR) size = context.call(__NR_read, gate, &byte, 1);
  if (size < 0) return static_cast<int>(size);
  return size == 1 ? 0 : context.refuse(ECANCELED);
}

}  // namespace orlop::init
