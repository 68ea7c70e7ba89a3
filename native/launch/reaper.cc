#include "launch/reaper.h"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include "base/thread.h"

namespace orlop::launch {

Reaper& Reaper::instance() {
  static auto* instance = new Reaper;  // never destroyed: its thread runs while the program exits
  return *instance;
}

Failure Reaper::prepare() {
  const std::lock_guard lock(mutex_);
  return prepare_locked();
}

Failure Reaper::prepare_locked() {
  if (running_) return {};
  if (!epoll_) epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return failed("epoll_create1");
  if (!start_detached_thread("orlop-reap", [this] { run(); })) return {EAGAIN, "pthread_create", ""};
  running_ = true;
  return {};
}

Failure Reaper::watch(const std::shared_ptr<Process>& process) {
  const std::lock_guard lock(mutex_);
  if (Failure failure = prepare_locked()) return failure;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = process.get();
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, process->pidfd(), &event) != 0) return failed("epoll_ctl");
  watched_.emplace(process.get(), process);
  return {};
}

std::shared_ptr<Process> Reaper::take(Process* process) {
  const std::lock_guard lock(mutex_);
  // By hand and not by closing: where a fork of the program holds a copy of the descriptor, closing ours would leave
  // the entry behind, readable for ever.
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, process->pidfd(), nullptr);
  auto node = watched_.extract(process);
  return node.empty() ? nullptr : std::move(node.mapped());
}

void Reaper::run() {
  for (;;) {
    epoll_event events[64];
    const int count = epoll_wait(epoll_.get(), events, 64, -1);
    for (int i = 0; i < count; ++i) {
      const auto process = take(static_cast<Process*>(events[i].data.ptr));
      if (process != nullptr) process->finish();
    }
  }
}

}  // namespace orlop::launch
