#include "supervise/exit_worker.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

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

Finisher::Finisher(const char* name)
    : thread_(name, [this](const EpollThread::Owner& owner) {
        if (owner == nullptr) return work();
        drain(*std::static_pointer_cast<Output>(owner));
      }) {}

Failure Finisher::prepare() {
  const std::lock_guard lock(mutex_);
  if (prepared_) return {};
  if (!wake_) wake_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return failed("eventfd");
  if (Failure failure = thread_.watch(wake_.get(), EPOLLIN, nullptr)) return failure;
  prepared_ = true;
  return {};
}

Failure Finisher::read(const std::shared_ptr<Output>& output) {
  return thread_.watch(output->pipe.get(), EPOLLIN, output);
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

void Finisher::drain(Output& output) {
  char chunk[kChunk];
  const ssize_t count = ::read(output.pipe.get(), chunk, sizeof chunk);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count > 0) {
    output.overflow = output.bytes.size() + static_cast<size_t>(count) > output.limit;
    if (!output.overflow) output.bytes.append(chunk, static_cast<size_t>(count));
    if (!output.overflow) return;
  }
  thread_.forget(output.pipe.get(), &output);
  // Moved, because what it holds may hold the output.
  const auto done = std::move(output.done);
  // One that gave too much is ended by `done`, and not by the pipe that breaks.
  if (output.overflow) done();
  output.pipe.reset();
  if (!output.overflow) done();
}

}  // namespace orlop::launch
