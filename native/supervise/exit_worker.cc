#include "supervise/exit_worker.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/clock.h"

namespace orlop::supervise {
namespace {

constexpr size_t kChunk = 64 << 10;  // default size of a pipe, pipe(7)
// Largest size of a pipe without privileges, and so the most that an application leaves in one.
constexpr size_t kMaxPipe = 1 << 20;
// As long as a relay waits in silence. Callers who kill an application give up its start after a second.
constexpr uint64_t kLaterNs = 500'000'000;

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
  if (!timer_) timer_.reset(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer_) return failed("timerfd_create");
  for (const int descriptor : {wake_.get(), timer_.get()}) {
    if (Failure failure = thread_.watch(descriptor, EPOLLIN, nullptr)) {
      // The next call makes and watches both anew.
      wake_.reset();
      timer_.reset();
      return failure;
    }
  }
  prepared_ = true;
  return {};
}

Failure ExitWorker::read(const std::shared_ptr<Output>& output) {
  // A container can open its end of the pipe for reading too. What it takes after the wait must not be waited for
  // again: the outputs of all containers are read on this thread. No other process has this end.
  if (fcntl(output->pipe.get(), F_SETFL, O_NONBLOCK) != 0) return failed("fcntl");
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
  if (!later_.empty()) work_due();
}

void ExitWorker::post_later(std::function<void()> task) {
  later_.push_back({monotonic_ns() + kLaterNs, std::move(task)});
  if (later_.size() == 1) set_timer();
}

// Sets the timer for the first task, or for none, and clears what it has told.
void ExitWorker::set_timer() {
  constexpr uint64_t kSecond = 1'000'000'000;
  const uint64_t due = later_.empty() ? 0 : later_.front().due;
  itimerspec time{};
  time.it_value.tv_sec = static_cast<time_t>(due / kSecond);
  time.it_value.tv_nsec = static_cast<long>(due % kSecond);
  (void)timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &time, nullptr);
}

void ExitWorker::work_due() {
  const uint64_t now = monotonic_ns();
  if (later_.front().due > now) return;
  while (!later_.empty() && later_.front().due <= now) {
    const auto task = std::move(later_.front().task);
    later_.pop_front();
    task();
  }
  set_timer();
}

void ExitWorker::give_up(Output& output) {
  // Another process may go on writing.
  for (size_t read = 0; output.done && read < kMaxPipe && drain(output); read += kChunk) continue;
  if (!output.done) return;
  output.cut = true;
  finish(output);
}

bool ExitWorker::drain(Output& output) {
  char chunk[kChunk];
  const ssize_t count = ::read(output.pipe.get(), chunk, sizeof chunk);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  if (count > 0) {
    const auto size = static_cast<size_t>(count);
    const size_t room = output.limit - output.bytes.size();
    output.overflow = size > room;
    output.bytes.append(chunk, output.overflow ? room : size);
    if (!output.overflow) return true;
  }
  finish(output);
  return true;
}

void ExitWorker::finish(Output& output) {
  thread_.forget(output.pipe.get(), &output);
  // Moved, because the callback may hold the output.
  const auto done = std::exchange(output.done, nullptr);
  // After an overflow `done` kills the process before the pipe breaks.
  if (output.overflow) done();
  output.pipe.reset();
  if (!output.overflow) done();
}

}  // namespace orlop::supervise
