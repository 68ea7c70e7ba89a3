// The threads that clone.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "base/condition.h"
#include "launch/start.h"

namespace orlop::launch {

// Threads of our own, and for the program's whole life: a child dies with the thread that cloned it when it asked for a
// parent death signal (prctl(2), PR_SET_PDEATHSIG), and a start that hangs in a mount must not take a thread of
// libuv's.
class Launcher {
 public:
  using Done = std::function<void(StartResult)>;
  // Work that returns what tells of its end. By then its thread counts as idle: whoever hears of it and asks for the
  // next thing needs no other thread.
  using Tell = std::function<void()>;
  using Job = std::function<Tell(ChildStack&)>;

  static Launcher& instance();

  // Queues a start; `done` is called once, on a launcher thread. Fails when there is no thread to be had.
  Failure submit(std::shared_ptr<Start> start, Done done);

  // Queues work for a start that is to come. It leaves the thread's namespaces as they were.
  Failure submit(Job job);

  // The same on a launcher thread, which is about to be idle. It makes no other thread: that would share the
  // file-system view of this one, which must have its own to change its mount namespace.
  void go_on(Job job);

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
