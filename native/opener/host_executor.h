// Executes a plan on a thread of the program, without a child.
#pragma once

#include <cstdint>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "init/run.h"

namespace orlop::opener {

// Result of the execution.
struct HostExecution {
  bool executed = false;
  init::Report report{};  // if not executed
  // Descriptors that the plan made, by slot; empty if not executed.
  std::vector<UniqueFd> slots;
  std::vector<uint64_t> times;  // see init::Start::times
};

// Calls `execute`, an entry of init/run.h, with the plan on the calling thread. `supplied` fills the first slots, and
// stays the caller's. The executor changes the umask, so the thread must have its own file-system view.
HostExecution execute_on_this_thread(const std::vector<uint8_t>& plan, uint32_t features,
                                     bool (*execute)(const init::Start&), const std::vector<int>& supplied = {});

// The failure as a system error; the caller does not know the operations of the plan.
Failure failure_of(const HostExecution& result);

}  // namespace orlop::opener
