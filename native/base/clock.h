// CLOCK_MONOTONIC in nanoseconds, the one clock of all times that orlop reports.
#pragma once

#include <time.h>

#include <cstdint>

namespace orlop {

inline uint64_t monotonic_ns() {
  timespec now{};
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace orlop
