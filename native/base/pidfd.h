// System calls about processes that are named by a descriptor. glibc wraps them only from 2.36.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/unique_fd.h"

namespace orlop {

// What a process and the children that it waited for have used, getrusage(2).
struct Usage {
  int64_t user_us = 0, system_us = 0;
  // Largest resident set of one process. It is not below that of the program which cloned it: execve(2) passes it on.
  int64_t max_resident_kb = 0;
  int64_t blocks_read = 0, blocks_written = 0;  // of 512 bytes
};

// Exit of a process.
struct Exit {
  int code = 0;         // exit status; meaningless if `signal` is set
  int signal = 0;       // number of the signal that ended it, or 0
  bool stolen = false;  // another caller of waitid took the status: nothing is known
  uint64_t seen = 0;    // CLOCK_MONOTONIC in nanoseconds, when it was reaped; 0: it was not
  Usage usage;
};

// pidfd_open(2), close-on-exec. Empty with errno set.
UniqueFd open_pidfd(pid_t pid);

// pidfd_send_signal(2): 0 or an errno.
int send_signal(int pidfd, int signal);

// Largest resident set of this process so far, which execve(2) passes to the child of a vfork.
int64_t own_largest_resident_kb();

// Waits for the exit of a child, and reaps it. `stolen` if there was nothing to reap.
Exit reap(int pidfd);

// True if a child of clone(2) with exit signal 0 has executed a program. execve(2) sets the exit signal back to
// SIGCHLD, and __WCLONE selects children with another exit signal (wait(2)). This distinguishes an application that
// exited at once from a child that was killed before `execve`.
bool has_executed(int pidfd);

// PID of the process in this PID namespace, from fdinfo; 0 if it is gone.
pid_t pid_of(int pidfd);

// Start time: field 22 of /proc/PID/stat, in clock ticks since boot; nothing if there is no such process.
std::optional<uint64_t> start_time_of(pid_t pid);

// Decimal digits only, no sign, no overflow.
std::optional<uint64_t> parse_decimal(std::string_view text);

}  // namespace orlop
