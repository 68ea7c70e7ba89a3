// The threads that clone.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "base/condition.h"
#include "launch/start.h"

namespace orlop::launch {

// Threads that never end, and none of libuv's. With a parent death signal (prctl(2), PR_SET_PDEATHSIG) a child dies
// with the thread that cloned it. And a start that hangs in a mount must not occupy a thread of libuv.
class Launcher {
 public:
  using Done = std::function<void(StartResult)>;
  // A job returns its completion callback, or null. The callback runs after the thread is marked idle, so it can queue
  // work without a new thread.
  using Notify = std::function<void()>;
  using Job = std::function<Notify(ChildStack&)>;

  static Launcher& instance();

  // Queues a start; `done` is called once, on a launcher thread. Fails if no thread can be made.
  Failure submit(std::shared_ptr<Start> start, Done done);

  // Queues a job, for example a prefetch. The job must leave the namespaces of its thread as they were.
  Failure submit(Job job);

  // Queues a job from a launcher thread, which is about to be idle. Makes no thread: the new thread would share the
  // file-system view of this one, and a change of the mount namespace needs a view of its own.
  void submit_without_thread(Job job);

 private:
  Failure queue(Job job);
  void work();

  std::mutex mutex_;
  Condition some_;
  std::deque<Job> queue_;
  size_t threads_ = 0;
  size_t idle_ = 0;
};

}  // namespace orlop::launch
