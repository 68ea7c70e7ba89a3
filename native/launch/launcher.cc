#include "launch/launcher.h"

#include <cerrno>
#include <utility>

#include "base/thread.h"
#include "supervise/reaper.h"

namespace orlop::launch {
namespace {

constexpr size_t kMaxThreads = 64;

}  // namespace

Launcher& Launcher::instance() {
  static auto* instance = new Launcher;  // never destroyed: its threads run while the program exits
  return *instance;
}

Failure Launcher::submit(std::shared_ptr<Start> start, Done done) {
  if (Failure failure = supervise::Reaper::instance().prepare()) return failure;
  return submit([start = std::move(start), done = std::move(done)](ChildStack& stack) -> Notify {
    const auto result = std::make_shared<StartResult>(start->execute(stack));
    // Without an application, the caller may start again with the same layer. So the mount that holds the layer is
    // closed before the notification.
    if (result->process == nullptr) start->release();
    return [done, start, result] {
      done(std::move(*result));
      start->release();
      start->over();
    };
  });
}

Failure Launcher::submit(Job job) {
  if (Failure failure = queue(std::move(job))) return failure;
  // Not under the lock: the woken thread would wait for the lock, and wake again.
  some_.notify_one();
  return {};
}

Failure Launcher::queue(Job job) {
  const std::lock_guard lock(mutex_);
  // A new thread only if all are busy: a program that starts one container at a time gets one thread.
  if (idle_ <= queue_.size() && threads_ < kMaxThreads) {
    if (start_detached_thread("orlop-launch", [this] { work(); })) {
      ++threads_;
      ++idle_;  // counted before it runs: until it gets a processor, another thread may take its job
    } else if (threads_ == 0) {
      return {EAGAIN, "pthread_create", ""};
    }
  }
  queue_.push_back(std::move(job));
  return {};
}

void Launcher::submit_without_thread(Job job) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
  }
  some_.notify_one();
}

void Launcher::work() {
  ChildStack stack;
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      some_.wait(lock, [this] { return !queue_.empty(); });
      --idle_;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    const Notify notify = job(stack);
    {
      const std::lock_guard lock(mutex_);
      ++idle_;
    }
    if (notify) notify();
  }
}

}  // namespace orlop::launch
