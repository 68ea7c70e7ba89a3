// What the launcher and the child of a start share: the child runs in the caller's memory until it executes.
#pragma once

#include <atomic>
#include <cstdint>

#include "init/run.h"

namespace orlop::launch {

// Values of Child::arrived.
inline constexpr uint32_t kAbsent = 0;
inline constexpr uint32_t kArrived = 1;
inline constexpr uint32_t kNeverComes = 2;

// Values of Child::gate.
inline constexpr uint32_t kGateClosed = 0;
inline constexpr uint32_t kGateOpen = 1;
inline constexpr uint32_t kGateRefused = 2;

struct Child {
  init::Start start;
  // The plan's parent death signal, 0 for none. Set from the first moment on, and not only where the plan has its
  // operation (a change of credentials clears it): a child that hangs in a mount must not outlive the program whose
  // memory it holds.
  int death_signal;
  // Set before the pidfd is looked for by whoever cancels; read by the child after the kernel has written the pidfd:
  // one of the two always sees the other.
  std::atomic<uint32_t> cancelled;
  // Set when the executor came back, which it does only when it failed.
  std::atomic<uint32_t> returned;
  // The gate of a child that must be prepared from outside (id maps, cgroup) before its first operation. Both words are
  // futexes: the child says that it is there, and waits.
  bool gated;
  std::atomic<uint32_t> arrived;
  std::atomic<uint32_t> gate;
  // Descriptors that it needs, ascending, none below 3; null when it keeps its copies of all.
  const int32_t* kept;
  uint32_t kept_count;
};
static_assert(std::atomic<uint32_t>::is_always_lock_free && sizeof(std::atomic<uint32_t>) == 4,
              "these are futex words");

// First function of the child. Freestanding like native/init, in whose library it is: no libc, no thread-local storage,
// no return. `argument` is a Child.
int child_main(void* argument);

}  // namespace orlop::launch
