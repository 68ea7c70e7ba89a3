// Wrappers of calls that glibc 2.28 does not have, and a descriptor that closes itself.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "base/syscall_numbers.h"

namespace orlop::archive {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// openat2(2). Tries again after EAGAIN (a rename raced with the lookup), up to a bound.
inline int open_below(int directory, const char* path, uint64_t flags, uint64_t resolve) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = resolve;
  for (int attempt = 0;; attempt++) {
    long fd = syscall(__NR_openat2, directory, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN || attempt == 128) return static_cast<int>(fd);
  }
}

}  // namespace orlop::archive
