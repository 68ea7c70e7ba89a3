// One thread that waits for the end of every process (pidfd_open(2): a pidfd is readable when its process has ended).
#pragma once

#include <memory>

#include "base/epoll_thread.h"
#include "base/failure.h"
#include "supervise/process.h"

namespace orlop::launch {

class Reaper {
 public:
  // Lives as long as the program.
  static Reaper& instance();

  // Starts the thread, unless it runs. Before a start, so that a child never runs that nobody could wait for.
  Failure prepare() { return thread_.prepare(); }
  // Any thread. The process is kept alive until it has ended.
  Failure watch(const std::shared_ptr<Process>& process);

 private:
  Reaper();

  EpollThread thread_;
};

}  // namespace orlop::launch
