#include "supervise/process.h"

#include <signal.h>

#include <cerrno>
#include <utility>

namespace orlop::supervise {

std::shared_ptr<Process> Process::child(pid_t pid, UniqueFd pidfd, int64_t resident_kb) {
  // The process is not reaped yet, so the PID is still its own.
  return std::make_shared<Process>(pid, std::move(pidfd), start_time_of(pid), true, resident_kb);
}

std::shared_ptr<Process> Process::other(pid_t pid, uint64_t start_time) {
  UniqueFd pidfd = open_pidfd(pid);
  if (!pidfd) return nullptr;
  // Compared after pidfd_open: the pidfd refers to the process that had the PID then.
  if (start_time_of(pid) != start_time) return nullptr;
  return std::make_shared<Process>(pid, std::move(pidfd), start_time, false, 0);
}

int Process::kill(int signal) {
  std::function<void()> on_kill;
  int error = ESRCH;
  {
    // Under the lock: otherwise finish() may close the descriptor, and its number may be used again.
    const std::lock_guard lock(mutex_);
    if (!exit_) error = send_signal(pidfd_.get(), signal);
    if (signal == SIGKILL) {
      killed_ = true;
      on_kill = std::exchange(on_kill_, nullptr);
    }
  }
  if (on_kill) on_kill();
  return error;
}

void Process::on_kill(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (!killed_) {
      on_kill_ = std::move(callback);
      return;
    }
  }
  callback();
}

void Process::on_exit(std::function<void(const Exit&)> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (!exit_) {
      waiting_.push_back(std::move(callback));
      return;
    }
  }
  callback(*exit_);  // never changes once it is set
}

void Process::finish() {
  Exit exit = ours_ ? reap(pidfd_.get()) : Exit{};
  if (exit.usage.max_resident_kb <= resident_kb_) exit.usage.max_resident_kb = 0;
  std::vector<std::function<void(const Exit&)>> waiting;
  {
    const std::lock_guard lock(mutex_);
    exit_ = exit;
    pidfd_.reset();
    waiting = std::move(waiting_);
  }
  for (const auto& callback : waiting) callback(exit);
}

}  // namespace orlop::supervise
