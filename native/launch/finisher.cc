#include "launch/finisher.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/thread.h"

namespace orlop::launch {
namespace {

constexpr size_t kChunk = 64 << 10;  // what a pipe holds by default, pipe(7)

}  // namespace

Finisher& Finisher::instance() {
  static auto* instance = new Finisher("orlop-finish");  // never destroyed: its thread runs while the program exits
  return *instance;
}

Finisher& Finisher::background() {
  static auto* instance = new Finisher("orlop-remove");
  return *instance;
}

Failure Finisher::prepare() {
  const std::lock_guard lock(mutex_);
  return prepare_locked();
}

Failure Finisher::prepare_locked() {
  if (running_) return {};
  if (!epoll_) epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return failed("epoll_create1");
  if (!wake_) wake_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return failed("eventfd");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0 && errno != EEXIST) return failed("epoll_ctl");
  if (!start_detached_thread(name_, [this] { run(); })) return {EAGAIN, "pthread_create", ""};
  running_ = true;
  return {};
}

Failure Finisher::read(const std::shared_ptr<Output>& output) {
  const std::lock_guard lock(mutex_);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = output.get();
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, output->pipe.get(), &event) != 0) return failed("epoll_ctl");
  outputs_.emplace(output.get(), output);
  return {};
}

void Finisher::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  eventfd_write(wake_.get(), 1);
}

void Finisher::work() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    eventfd_t count;
    eventfd_read(wake_.get(), &count);
    tasks = std::move(tasks_);
    tasks_.clear();
  }
  for (const auto& task : tasks) task();
}

void Finisher::drain(Output* output) {
  char chunk[kChunk];
  const ssize_t count = ::read(output->pipe.get(), chunk, sizeof chunk);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count > 0) {
    output->overflow = output->bytes.size() + static_cast<size_t>(count) > output->limit;
    if (!output->overflow) output->bytes.append(chunk, static_cast<size_t>(count));
    if (!output->overflow) return;
  }
  const auto ended = take(output);
  if (ended == nullptr) return;
  // Moved, because what it holds may hold the output.
  const auto done = std::move(ended->done);
  // One that gave too much is ended by `done`, and not by the pipe that breaks.
  if (ended->overflow) done();
  ended->pipe.reset();
  if (!ended->overflow) done();
}

std::shared_ptr<Output> Finisher::take(Output* output) {
  const std::lock_guard lock(mutex_);
  // By hand, as the reaper does: a fork of the program may hold a copy of the descriptor.
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, output->pipe.get(), nullptr);
  auto node = outputs_.extract(output);
  return node.empty() ? nullptr : std::move(node.mapped());
}

void Finisher::run() {
  for (;;) {
    epoll_event events[64];
    const int count = epoll_wait(epoll_.get(), events, 64, -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr == nullptr) {
        work();
      } else {
        drain(static_cast<Output*>(events[i].data.ptr));
      }
    }
  }
}

}  // namespace orlop::launch
