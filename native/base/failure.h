// The outcome of work that makes system calls: nothing, or which call failed on what.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

namespace orlop {

struct [[nodiscard]] Failure {
  int error = 0;          // errno; 0: it went well
  const char* call = "";  // name of the system call
  std::string path;       // what it was about, as the caller knows it; may be empty

  explicit operator bool() const { return error != 0; }
};

// Takes errno, so it comes right after the call.
inline Failure failed(const char* call, std::string path = {}) {
  int error = errno;
  return {error, call, std::move(path)};
}

}  // namespace orlop
