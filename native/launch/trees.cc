#include "launch/trees.h"

#include <fcntl.h>

#include "fs/in_root.h"
#include "launch/empty_namespace.h"

namespace orlop::launch {

Failure open_trees(const std::vector<uint8_t>& plan, uint32_t features, OwnPlan* opened) {
  if (Failure failure = own_view()) return failure;
  if (Failure failure = EmptyNamespace::instance().leave()) return failure;
  *opened = execute_own(plan, features, init::open);
  return {};
}

void look_up(int tree, const std::string& paths) {
  for (size_t at = 0, end; (end = paths.find('\0', at)) != std::string::npos; at = end + 1) {
    UniqueFd found;
    (void)fs::open_in_root(tree, paths.substr(at, end - at), O_PATH, 0, &found);
  }
}

}  // namespace orlop::launch
