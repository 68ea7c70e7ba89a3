#include "launch/start.h"

#include <signal.h>

#include <utility>

#include "opener/empty_namespace.h"
#include "supervise/reaper.h"

namespace orlop::launch {

Start::Start(StartRequest request) : request_(std::move(request)) {}

StartResult Start::execute(ChildStack& stack) {
  StartResult result{.called = request_.called};
  if (cancelled_.load()) {
    result.outcome = StartResult::Outcome::kDied;
    result.exit.signal = SIGKILL;
    return result;
  }
  if (!open_slots(result)) return result;
  std::vector<int> supplied;
  supplied.reserve(request_.sources.size());
  for (const SlotSource& source : request_.sources) supplied.push_back(source.fd.get());
  settle(request_.attempt->execute(request_.before(), supplied, stack), result);
  return result;
}

void Start::release() {
  request_.sources.clear();
  request_.attempt->release();
}

bool Start::then(std::function<void()> follower) {
  const std::lock_guard lock(mutex_);
  if (!over_) followers_.push_back(std::move(follower));
  return !over_;
}

void Start::over() {
  std::vector<std::function<void()>> followers;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    followers = std::move(followers_);
  }
  for (const auto& follower : followers) follower();
}

// Opens the sources. False if it failed, with the result filled.
bool Start::open_slots(StartResult& result) {
  result.failure = opener::EmptyNamespace::leave();
  if (!result.failure) result.failure = open_sources(request_.sources, result.pipes);
  return !result.failure;
}

// Fills the result after the attempt: the application runs, or the child is gone.
void Start::settle(AttemptResult attempt, StartResult& result) {
  using Outcome = StartResult::Outcome;
  result.cloned = attempt.cloned;
  result.entered = attempt.entered;
  result.returned = attempt.returned;
  result.ops = std::move(attempt.ops);
  if (attempt.executed) {
    take_application(attempt, result);
    return;
  }
  const Exit exit = attempt.pidfd ? reap(attempt.pidfd.get()) : Exit{};
  if (attempt.failure) {
    result.failure = std::move(attempt.failure);
  } else if (attempt.refused) {
    result.outcome = Outcome::kRefused;
    result.report = attempt.report;
  } else {
    result.outcome = Outcome::kDied;
    result.exit = attempt.cancelled ? Exit{.signal = SIGKILL} : exit;
  }
}

void Start::take_application(AttemptResult& attempt, StartResult& result) {
  result.outcome = StartResult::Outcome::kStarted;
  result.process = supervise::Process::child(attempt.pid, std::move(attempt.pidfd), attempt.cloner_resident_kb);
  {
    const std::lock_guard lock(mutex_);
    process_ = result.process;
  }
  request_.attempt->taken(result.process);
  // The attempt had the pidfd no more, and the start no process yet.
  if (cancelled_.load()) result.process->kill(SIGKILL);
  Failure failure = request_.started ? request_.started(*result.process) : Failure{};
  if (!failure) failure = supervise::Reaper::instance().watch(result.process);
  if (!failure) return;
  // No state file, or no epoll watch: an application whose exit the program cannot notice must not run.
  result.process->kill(SIGKILL);
  result.process->finish();
  result.outcome = StartResult::Outcome::kNoProcess;
  result.failure = failure;
}

void Start::cancel() {
  cancelled_.store(true);
  request_.attempt->cancel();
  const std::lock_guard lock(mutex_);
  if (process_ != nullptr) process_->kill(SIGKILL);
}

}  // namespace orlop::launch
