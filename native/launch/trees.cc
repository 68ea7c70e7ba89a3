#include "launch/trees.h"

#include "launch/empty_namespace.h"

namespace orlop::launch {

Failure open_trees(const std::vector<uint8_t>& plan, uint32_t features, OwnPlan* opened) {
  if (Failure failure = own_view()) return failure;
  if (Failure failure = EmptyNamespace::instance().leave()) return failure;
  *opened = execute_own(plan, features, init::open);
  return {};
}

}  // namespace orlop::launch
