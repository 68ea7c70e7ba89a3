// A plan that a thread of the program executes itself, without a child.
#pragma once

#include <cstdint>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "init/run.h"

namespace orlop::launch {

// Has `execute` (an entry of init/run.h) execute the plan on the calling thread, and gives what is in its slots then,
// in their order; nothing when it failed. The thread's umask is changed, so its file-system view must be its own.
Failure execute_own(const std::vector<uint8_t>& plan, uint32_t features, bool (*execute)(const init::Start&),
                    std::vector<UniqueFd>* slots);

}  // namespace orlop::launch
