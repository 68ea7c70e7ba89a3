#include "supervise/exit_worker.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace orlop::supervise {
namespace {

constexpr size_t kChunk = 64 << 10;  // default size of a pipe, pipe(7)

}  // namespace

ExitWorker& ExitWorker::instance() {
  static auto* instance = new ExitWorker("orlop-exit");  // never destroyed: its thread runs while the program exits
  return *instance;
}

ExitWorker& ExitWorker::background() {
  static auto* instance = new ExitWorker("orlop-remove");
  return *instance;
}

ExitWorker::ExitWorker(const char* name)
    : thread_(name, [this](const EpollThread::Owner& owner) {
        if (owner == nullptr) return work();
        drain(*std::static_pointer_cast<Output>(owner));
      }) {}

Failure ExitWorker::prepare() {
  const std::lock_guard lock(mutex_);
  if (prepared_) return {};
  if (!wake_) wake_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return failed("eventfd");
  if (Failure failure = thread_.watch(wake_.get(), EPOLLIN, nullptr)) return failure;
  prepared_ = true;
  return {};
}

Failure ExitWorker::read(const std::shared_ptr<Output>& output) {
  return thread_.watch(output->pipe.get(), EPOLLIN, output);
}

void ExitWorker::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  eventfd_write(wake_.get(), 1);
}

void ExitWorker::work() {
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

void ExitWorker::drain(Output& output) {
  char chunk[kChunk];
  const ssize_t count = ::read(output.pipe.get(), chunk, sizeof chunk);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count > 0) {
    const auto size = static_cast<size_t>(count);
    const size_t room = output.limit - output.bytes.size();
    output.overflow = size > room;
    output.bytes.append(chunk, output.overflow ? room : size);
    if (!output.overflow) return;
  }
  thread_.forget(output.pipe.get(), &output);
  // Moved, because the callback may hold the output.
  const auto done = std::move(output.done);
  // After an overflow `done` kills the process before the pipe breaks.
  if (output.overflow) done();
  output.pipe.reset();
  if (!output.overflow) done();
}

}  // namespace orlop::supervise
