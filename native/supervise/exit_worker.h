// The exit thread: reads outputs to their end, and applies the batches of changes after an exit.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/epoll_thread.h"
#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::supervise {

// A pipe and the bytes read from it. The exit thread owns it until `done` is called.
struct Output {
  UniqueFd pipe;
  size_t limit = 0;
  std::string bytes;
  // More than `limit` bytes came; the first `limit` are kept, and reading stopped.
  bool overflow = false;
  // Reading stopped before the end of the pipe, which another process holds open.
  bool cut = false;
  // Called once, on the exit thread, at the end of the pipe, at the limit, or by `give_up`.
  std::function<void()> done;
};

// Any thread may call any method.
class ExitWorker {
 public:
  static ExitWorker& instance();
  // The background thread, for batches that take long and that no caller waits for.
  static ExitWorker& background();

  // Makes the thread and what it waits with, so that `read`, `post` and `post_later` need no more.
  Failure prepare();
  // Reads the output to its end.
  Failure read(const std::shared_ptr<Output>& output);
  // Calls `task` on the thread, soon.
  void post(std::function<void()> task);
  // On the exit thread. Calls `task` there after half a second.
  void post_later(std::function<void()> task);
  // On the exit thread. Reads what is in the pipe, and no more.
  void give_up(Output& output);

 private:
  explicit ExitWorker(const char* name);
  void work();
  void work_due();
  void set_timer();
  // False if nothing was there.
  bool drain(Output& output);
  void finish(Output& output);

  struct Later {
    uint64_t due;  // monotonic_ns
    std::function<void()> task;
  };

  std::mutex mutex_;
  bool prepared_ = false;
  UniqueFd wake_;            // eventfd, readable while there are tasks; without an owner
  UniqueFd timer_;           // timerfd for the first of `later_`; without an owner
  std::deque<Later> later_;  // exit thread: all with the same delay, so in the order of their times
  std::vector<std::function<void()>> tasks_;
  EpollThread thread_;
};

}  // namespace orlop::supervise
