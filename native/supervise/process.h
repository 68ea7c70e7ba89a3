// A process whose end is waited for.
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

namespace orlop::launch {

// Any thread may call any method.
class Process {
 public:
  // A child of this program, to be reaped by it.
  static std::shared_ptr<Process> child(pid_t pid, UniqueFd pidfd);
  // A process that another program started, if it is still the one that began at `start_time`; null otherwise.
  static std::shared_ptr<Process> other(pid_t pid, uint64_t start_time);

  Process(pid_t pid, UniqueFd pidfd, std::optional<uint64_t> start_time, bool ours)
      : pid_(pid), start_time_(start_time), ours_(ours), pidfd_(std::move(pidfd)) {}

  pid_t pid() const { return pid_; }
  // Clock ticks since boot; nothing when it had ended before anybody looked.
  std::optional<uint64_t> start_time() const { return start_time_; }
  // 0 or an errno; ESRCH when it has ended.
  int kill(int signal);
  // Calls back once, on the thread of finish(), or at once when the process has ended.
  void on_exit(std::function<void(const Exit&)> callback);
  // Waits for its end, reaps it, closes the pidfd and tells those who wait. Once, by whoever knows that it has ended.
  void finish();

 private:
  friend class Reaper;
  int pidfd() const { return pidfd_.get(); }
  const pid_t pid_;
  const std::optional<uint64_t> start_time_;
  const bool ours_;
  std::mutex mutex_;
  UniqueFd pidfd_;
  std::optional<Exit> exit_;
  std::vector<std::function<void(const Exit&)>> waiting_;
};

}  // namespace orlop::launch
