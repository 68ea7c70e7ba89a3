// The thread that sees applications to their end: it reads what they write, and does what follows their end.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/epoll_thread.h"
#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::launch {

// The read end of a pipe, and what came out of it. Belongs to the thread until `done` has been called.
struct Output {
  UniqueFd pipe;
  size_t limit = 0;
  std::string bytes;
  // There was more than the limit; no more was read.
  bool overflow = false;
  // Once, on the thread: at the end of the pipe, or at the limit.
  std::function<void()> done;
};

// Any thread may call any method.
class Finisher {
 public:
  static Finisher& instance();
  // Another one, for tasks that may take long and that nobody waits for.
  static Finisher& background();

  // Makes the thread, so that nothing below can fail for want of one.
  Failure prepare();
  // Reads to the end.
  Failure read(const std::shared_ptr<Output>& output);
  // Has `task` called on the thread, soon.
  void post(std::function<void()> task);

 private:
  explicit Finisher(const char* name);
  void work();
  void drain(Output& output);

  std::mutex mutex_;
  bool prepared_ = false;
  UniqueFd wake_;  // eventfd: there are tasks; it has no owner on the thread
  std::vector<std::function<void()>> tasks_;
  EpollThread thread_;
};

}  // namespace orlop::launch
