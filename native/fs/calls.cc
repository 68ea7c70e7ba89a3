#include "fs/calls.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>

#include "base/place.h"
#include "base/syscall_numbers.h"
#include "init/run.h"

namespace orlop::fs {
namespace {

std::atomic<uint32_t> allowed{~0u};

// Compares devices if the kernel does not report the mount.
bool same_mount(int a, int b) {
  Place first, second;
  if (!place_of(a, "", AT_EMPTY_PATH, &first) || !place_of(b, "", AT_EMPTY_PATH, &second)) return false;
  if (first.mount != 0 && second.mount != 0) return first.mount == second.mount;
  return first.major == second.major && first.minor == second.minor;
}

UniqueFd open_entry_by_hand(int directory, const char* name, int flags) {
  UniqueFd fd(openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC));
  if (fd && !same_mount(directory, fd.get())) {
    fd.reset();
    errno = EXDEV;
  }
  return fd;
}

}  // namespace

void limit_features(uint32_t features) { allowed.store(features); }

bool may_use(uint32_t feature) { return (allowed.load() & feature) != 0; }

UniqueFd openat2(int directory, const char* path, int flags, uint64_t mode, uint64_t resolve) {
  // Any rename or mount on the machine may fail one attempt, so some repeats are needed. A bound stops a hostile
  // renamer from holding this thread.
  constexpr int kAttempts = 128;
  open_how how{.flags = static_cast<uint32_t>(flags | O_CLOEXEC), .mode = mode, .resolve = resolve};
  for (int attempt = 1;; attempt++) {
    int fd = static_cast<int>(syscall(__NR_openat2, directory, path, &how, sizeof(how)));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || attempt == kAttempts) return UniqueFd(fd);
  }
}

UniqueFd open_entry(int directory, const char* name, int flags) {
  if (may_use(init::kFeatureOpenat2)) {
    UniqueFd fd = openat2(directory, name, flags | O_NOFOLLOW, 0, RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
    if (fd || (errno != ENOSYS && errno != EPERM)) return fd;
  }
  return open_entry_by_hand(directory, name, flags);
}

UniqueFd reopen_directory(int directory) {
  return UniqueFd(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

UniqueFd reopen(int fd, int flags) { return UniqueFd(open(descriptor_path(fd).c_str(), flags | O_CLOEXEC)); }

std::string descriptor_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

bool is_entry_name(const std::string& name) {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

bool in_initial_user_namespace() {
  constexpr ino_t kInitial = 0xeffffffd;  // fixed by the kernel: PROC_USER_INIT_INO
  struct stat info{};
  if (stat("/proc/self/ns/user", &info) != 0) return geteuid() == 0;
  return info.st_ino == kInitial;
}

}  // namespace orlop::fs
