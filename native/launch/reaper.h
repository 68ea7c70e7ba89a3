// One thread that waits for the end of every process (pidfd_open(2): a pidfd is readable when its process has ended).
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "launch/process.h"

namespace orlop::launch {

class Reaper {
 public:
  // Lives as long as the program.
  static Reaper& instance();

  // Starts the thread, unless it runs. Before a start, so that a child never runs that nobody could wait for.
  Failure prepare();
  // Any thread. The process is kept alive until it has ended.
  Failure watch(const std::shared_ptr<Process>& process);

 private:
  Failure prepare_locked();
  void run();
  std::shared_ptr<Process> take(Process* process);

  std::mutex mutex_;
  UniqueFd epoll_;
  bool running_ = false;
  std::unordered_map<Process*, std::shared_ptr<Process>> watched_;
};

}  // namespace orlop::launch
