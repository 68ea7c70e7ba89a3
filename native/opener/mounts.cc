#include "opener/mounts.h"

#include <fcntl.h>

#include "fs/in_root.h"
#include "opener/empty_namespace.h"
#include "plan/reader.h"

namespace orlop::opener {
namespace {

bool joins_container(const plan::View& plan) {
  for (uint32_t i = 0; i < plan.header().prepare; ++i) {
    if (plan::joins_container(plan, i)) return true;
  }
  return false;
}

}  // namespace

Failure open_mounts(const std::vector<uint8_t>& plan, uint32_t features, HostExecution* opened,
                    const std::vector<int>& supplied) {
  if (Failure failure = unshare_file_system_view()) return failure;
  const EmptyNamespace& outside = EmptyNamespace::instance();
  if (Failure failure = EmptyNamespace::leave()) return failure;
  const bool moves = joins_container(plan::View(plan.data()));
  if (moves) {
    if (Failure failure = outside.expect()) return failure;
  }
  *opened = execute_on_this_thread(plan, features, init::open, supplied);
  if (!moves) return {};
  // The mounts are attached.
  opened->slots.clear();
  return EmptyNamespace::leave();
}

void look_up(int mount, const std::string& paths) {
  for (size_t at = 0, end; (end = paths.find('\0', at)) != std::string::npos; at = end + 1) {
    UniqueFd found;
    (void)fs::open_in_root(mount, paths.substr(at, end - at), O_PATH, 0, &found);
  }
}

void look_up_in_union(const std::vector<uint8_t>& plan, const std::vector<UniqueFd>& slots, const std::string& paths) {
  const plan::View view(plan.data());
  for (uint32_t i = 0; i < view.header().prepare; ++i) {
    if (view.code(i) != plan::Code::Overlay) continue;
    const uint32_t slot = plan::read<plan::op::Overlay>(view, i).mount;
    if (slot < slots.size() && slots[slot]) look_up(slots[slot].get(), paths);
    return;
  }
}

}  // namespace orlop::opener
