#include "launch/in_flight.h"

#include <sys/prctl.h>

#include <cerrno>
#include <chrono>
#include <mutex>
#include <utility>

#include "base/condition.h"

namespace orlop::launch {
namespace {

constexpr std::chrono::milliseconds kPause(20);
constexpr int kMaxRepeats = 500;

struct Counter {
  std::mutex mutex;
  Condition left;
  int starts = 0;
  int dumpable = 1;
};

// Never destroyed: launcher threads outlive the destructors of a program that exits.
Counter& counter() {
  static auto* instance = new Counter;
  return *instance;
}

void enter_locked(Counter& count) {
  if (count.starts++ == 0) count.dumpable = prctl(PR_GET_DUMPABLE);
}

}  // namespace

void InFlight::enter() {
  Counter& count = counter();
  const std::lock_guard lock(count.mutex);
  enter_locked(count);
  entered_ = true;
}

Failure InFlight::enter_after(const std::function<Failure()>& work) {
  Counter& count = counter();
  std::unique_lock lock(count.mutex);
  for (int repeats = 0;; ++repeats) {
    Failure failure = work();
    if (failure.error == EACCES && count.starts > 0 && repeats < kMaxRepeats) {
      // The wait has a timeout, because the child may be killed meanwhile. Then `work` finds it gone, and fails with
      // another error.
      count.left.wait_for(lock, kPause);
      continue;
    }
    if (failure.error == 0) enter_locked(count);
    entered_ = failure.error == 0;
    return failure;
  }
}

void InFlight::leave() {
  if (!std::exchange(entered_, false)) return;
  Counter& count = counter();
  const std::lock_guard lock(count.mutex);
  // 0 was the state before, and 2 cannot be set by prctl: only 1 is restored.
  if (--count.starts == 0 && count.dumpable == 1) prctl(PR_SET_DUMPABLE, 1);
  count.left.notify_all();
}

}  // namespace orlop::launch
