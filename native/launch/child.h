// Memory that the launcher and the child of a start share: the child runs in the caller's memory until `execve`.
#pragma once

#include <atomic>
#include <cstdint>

#include "init/run.h"
#include "plan/reader.h"

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
  // The plan's parent death signal; 0: none. The child sets it first, not only at the plan's operation (a change of
  // credentials clears it): a child that hangs in a mount must not outlive the program whose memory it holds.
  int death_signal;
  // The canceller sets the flag, then reads the pidfd. The kernel writes the pidfd before the child reads the flag. So
  // one of the two always sees the other.
  std::atomic<uint32_t> cancelled;
  // Set before `execve`, and if the executor returned, which means that it failed.
  std::atomic<uint32_t> executing;
  std::atomic<uint32_t> returned;
  // The gate holds a child until a helper thread has written its id maps or moved it into its cgroup. Both words are
  // futexes: the child reports its arrival, and waits.
  bool gated;
  std::atomic<uint32_t> arrived;
  std::atomic<uint32_t> gate;
  // The child makes its cgroup namespace behind the gate: the cgroup that a process is in then is the top of it.
  bool own_cgroups;
  int cgroups_error;  // errno of that
  // Descriptors that the child needs, ascending, none below 3; null: the child keeps its copies of all.
  const int32_t* kept;
  uint32_t kept_count;
};
static_assert(std::atomic<uint32_t>::is_always_lock_free && sizeof(std::atomic<uint32_t>) == 4,
              "these are futex words");

// Parent death signal of a plan; 0: none.
int death_signal_of(const plan::View& plan);

// The executor's callback before `execve`: `start` is that of a Child.
void note_executing(const init::Start& start);

// First function of the child. Freestanding like native/init, in whose library it is: no libc, no thread-local storage,
// no return. `argument` is a Child.
int child_main(void* argument);

// Function of a process that only holds its namespaces, until the launcher kills it. It also ends with the launcher
// thread. `argument` is the caller's PID. The end of a pipe would tell it nothing: two of these processes that are made
// at the same time copy each other's descriptors.
int hold_namespaces(void* argument);

}  // namespace orlop::launch
