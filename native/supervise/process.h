// A process whose exit the program waits for.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/pidfd.h"
#include "base/unique_fd.h"

namespace orlop::supervise {

// Any thread may call any method.
class Process {
 public:
  // A child of this program, which reaps it. `resident_kb`: the largest resident set that it had from the process which
  // cloned it. If that stays the largest, the exit has none (0), for it is not the child's own.
  static std::shared_ptr<Process> child(pid_t pid, UniqueFd pidfd, int64_t resident_kb);
  // A process that another program started, if its start time is `start_time`; otherwise null.
  static std::shared_ptr<Process> other(pid_t pid, uint64_t start_time);

  Process(pid_t pid, UniqueFd pidfd, std::optional<uint64_t> start_time, bool ours, int64_t resident_kb)
      : pid_(pid), start_time_(start_time), ours_(ours), resident_kb_(resident_kb), pidfd_(std::move(pidfd)) {}

  pid_t pid() const { return pid_; }
  // Clock ticks since boot; nothing if the process had exited and was gone before the look.
  std::optional<uint64_t> start_time() const { return start_time_; }
  // 0 or an errno; ESRCH after the exit.
  int kill(int signal);
  // Calls back once, on the thread of finish(), or at once if the process has exited.
  void on_exit(std::function<void(const Exit&)> callback);
  // Calls back once this program has asked for SIGKILL, also after the exit: on the thread of kill(), or at once if
  // that was before. One callback.
  void on_kill(std::function<void()> callback);
  // Waits for the exit, reaps the process, closes the pidfd, and calls back. Called once, by the thread that noticed
  // the exit.
  void finish();

 private:
  friend class Reaper;
  int pidfd() const { return pidfd_.get(); }
  const pid_t pid_;
  const std::optional<uint64_t> start_time_;
  const bool ours_;
  const int64_t resident_kb_;
  std::mutex mutex_;
  UniqueFd pidfd_;
  std::optional<Exit> exit_;
  std::vector<std::function<void(const Exit&)>> waiting_;
  bool killed_ = false;
  std::function<void()> on_kill_;
};

}  // namespace orlop::supervise
