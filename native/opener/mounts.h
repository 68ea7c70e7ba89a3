// Trees that are made before anybody needs them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/failure.h"
#include "opener/host_executor.h"

namespace orlop::launch {

// Executes the records of `prepare` of a plan that has an opener, in the host's mount namespace, and in that of a
// container where it joins one; then nothing is left in the slots. `supplied` is in the first of them. The calling
// thread's file-system view becomes its own; the failure is of that, or of its way back.
Failure open_trees(const std::vector<uint8_t>& plan, uint32_t features, OwnPlan* opened,
                   const std::vector<int>& supplied = {});

// Looks up paths in a tree, so that the kernel knows the way when a start takes it: in a union it asks each layer for
// each name the first time. What is not there is passed over. Each path ends with a NUL.
void look_up(int tree, const std::string& paths);
// The same in the union that an opener has made by this plan, if it has.
void look_up_in_union(const std::vector<uint8_t>& plan, const std::vector<UniqueFd>& slots, const std::string& paths);

}  // namespace orlop::launch
