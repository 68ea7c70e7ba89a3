// The exit thread: reads outputs to their end, and applies the batches of changes after an exit.
#pragma once

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
  // Called once, on the exit thread, at the end of the pipe or at the limit.
  std::function<void()> done;
};

// Any thread may call any method.
class ExitWorker {
 public:
  static ExitWorker& instance();
  // The background thread, for batches that take long and that no caller waits for.
  static ExitWorker& background();

  // Makes the thread, so that `read` and `post` need none.
  Failure prepare();
  // Reads the output to its end.
  Failure read(const std::shared_ptr<Output>& output);
  // Calls `task` on the thread, soon.
  void post(std::function<void()> task);

 private:
  explicit ExitWorker(const char* name);
  void work();
  void drain(Output& output);

  std::mutex mutex_;
  bool prepared_ = false;
  UniqueFd wake_;  // eventfd, readable while there are tasks; without an owner
  std::vector<std::function<void()>> tasks_;
  EpollThread thread_;
};

}  // namespace orlop::supervise
