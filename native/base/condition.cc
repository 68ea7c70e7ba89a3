#include "base/condition.h"

#include <time.h>

namespace orlop {

Condition::Condition() {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  // CLOCK_REALTIME jumps when the time is set.
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&condition_, &attributes);
  pthread_condattr_destroy(&attributes);
}

void Condition::wait_for(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds time) {
  constexpr long kSecond = 1'000'000'000;
  timespec until;
  (void)clock_gettime(CLOCK_MONOTONIC, &until);
  const auto nanoseconds = until.tv_nsec + std::chrono::nanoseconds(time).count();
  until.tv_sec += nanoseconds / kSecond;
  until.tv_nsec = nanoseconds % kSecond;
  pthread_cond_timedwait(&condition_, lock.mutex()->native_handle(), &until);
}

}  // namespace orlop
