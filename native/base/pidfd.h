// System calls about processes that are named by a descriptor. glibc wraps them only from 2.36.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/unique_fd.h"

namespace orlop {

// How a process ended.
struct Exit {
  int code = 0;         // exit status; meaningless when `signal` is set
  int signal = 0;       // number of the signal that ended it, or 0
  bool stolen = false;  // somebody else waited for it: nothing is known
};

// pidfd_open(2), close-on-exec. Empty with errno set.
UniqueFd open_pidfd(pid_t pid);

// pidfd_send_signal(2): 0 or an errno.
int send_signal(int pidfd, int signal);

// Waits for the end of a child and reaps it. `stolen` when it was not there to be reaped.
Exit reap(int pidfd);

// Whether a child of clone(2) with exit signal 0 has executed a program. execve(2) sets its exit signal back to
// SIGCHLD, and __WCLONE chooses children whose exit signal is another (wait(2)): this tells an application that ended
// at once from a child that was killed before it became one.
bool has_executed(int pidfd);

// The process's number in our PID namespace, from fdinfo; 0 when it is gone.
pid_t pid_of(int pidfd);

// Field 22 of /proc/PID/stat, in clock ticks since boot, as it is written there; nothing when there is no such process.
std::optional<uint64_t> start_time_of(pid_t pid);

// Decimal digits only, no sign, no overflow.
std::optional<uint64_t> parse_decimal(std::string_view text);

}  // namespace orlop
