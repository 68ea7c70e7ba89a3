// The reaper thread waits for the exits of all processes. A pidfd is readable after the exit, pidfd_open(2).
#pragma once

#include <memory>

#include "base/epoll_thread.h"
#include "base/failure.h"
#include "supervise/process.h"

namespace orlop::supervise {

class Reaper {
 public:
  // Lives as long as the program.
  static Reaper& instance();

  // Starts the thread, unless it runs. Call before a start: otherwise a child could run without a thread that waits for
  // it.
  Failure prepare() { return thread_.prepare(); }
  // Any thread. The reaper holds the process until its exit.
  Failure watch(const std::shared_ptr<Process>& process);

 private:
  Reaper();

  EpollThread thread_;
};

}  // namespace orlop::supervise
