// A plan that a thread of the program executes itself, without a child.
#pragma once

#include <cstdint>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "init/run.h"

namespace orlop::launch {

// What came of one.
struct OwnPlan {
  bool executed = false;
  init::Report report{};  // where it was not
  // What it has put into them, in their order; empty where it was not executed.
  std::vector<UniqueFd> slots;
  std::vector<uint64_t> times;  // as Start::times
};

// Has `execute` (an entry of init/run.h) execute the plan on the calling thread. `supplied` is in the first slots, and
// stays the caller's. The thread's umask is changed, so its file-system view must be its own.
OwnPlan execute_own(const std::vector<uint8_t>& plan, uint32_t features, bool (*execute)(const init::Start&),
                    const std::vector<int>& supplied = {});

// For those who have no words for its operations.
Failure failure_of(const OwnPlan& result);

}  // namespace orlop::launch
