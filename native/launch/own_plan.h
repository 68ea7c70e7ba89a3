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
  init::Report report{};        // where it was not
  std::vector<UniqueFd> slots;  // what is in them, in their order; empty where it was not executed
  std::vector<uint64_t> times;  // as Start::times
};

// Has `execute` (an entry of init/run.h) execute the plan on the calling thread. The thread's umask is changed, so its
// file-system view must be its own.
OwnPlan execute_own(const std::vector<uint8_t>& plan, uint32_t features, bool (*execute)(const init::Start&));

// For those who have no words for its operations.
Failure failure_of(const OwnPlan& result);

}  // namespace orlop::launch
