// Result of system calls: success, or the call that failed and its path.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

namespace orlop {

struct [[nodiscard]] Failure {
  int error = 0;          // 0: success
  const char* call = "";  // name of the system call
  std::string path;       // path of the call, as the caller knows it; may be empty

  explicit operator bool() const { return error != 0; }
};

// Reads errno, so call it right after the failed call.
inline Failure failed(const char* call, std::string path = {}) {
  int error = errno;
  return {error, call, std::move(path)};
}

}  // namespace orlop
