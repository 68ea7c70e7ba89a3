// Trees that are made before anybody needs them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::launch {

// Executes the records of `prepare` of a plan that has an opener, and gives what is in its slots then, in their order.
// The calling thread's file-system view becomes its own.
Failure open_trees(const std::vector<uint8_t>& plan, uint32_t features, std::vector<UniqueFd>* trees);

}  // namespace orlop::launch
