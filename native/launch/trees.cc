#include "launch/trees.h"

#include "launch/empty_namespace.h"
#include "launch/own_plan.h"

namespace orlop::launch {

Failure open_trees(const std::vector<uint8_t>& plan, uint32_t features, std::vector<UniqueFd>* trees) {
  if (Failure failure = own_view()) return failure;
  if (Failure failure = EmptyNamespace::instance().leave()) return failure;
  return execute_own(plan, features, init::open, trees);
}

}  // namespace orlop::launch
