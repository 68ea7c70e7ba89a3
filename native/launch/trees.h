// Trees that are made before anybody needs them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/failure.h"
#include "launch/own_plan.h"

namespace orlop::launch {

// Executes the records of `prepare` of a plan that has an opener, in the host's mount namespace. The calling thread's
// file-system view becomes its own; the failure is of that.
Failure open_trees(const std::vector<uint8_t>& plan, uint32_t features, OwnPlan* opened);

}  // namespace orlop::launch
