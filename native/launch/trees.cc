#include "launch/trees.h"

#include "init/run.h"
#include "launch/empty_namespace.h"
#include "launch/syscall_name.h"
#include "plan/reader.h"

namespace orlop::launch {

Failure open_trees(const std::vector<uint8_t>& plan, uint32_t features, std::vector<UniqueFd>* trees) {
  if (Failure failure = own_view()) return failure;
  if (Failure failure = EmptyNamespace::instance().leave()) return failure;
  const plan::View view(plan.data());
  std::vector<int32_t> slots(view.header().slots, -1);
  std::vector<uint64_t> times(view.count() + 1, 0);
  init::Report report{};
  const bool opened = init::open({.plan = plan.data(),
                                  .size = plan.size(),
                                  .slots = slots.data(),
                                  .features = features,
                                  .report = &report,
                                  .times = times.data(),
                                  .pointers = nullptr,
                                  .pointer_count = 0,
                                  .parent = 0,
                                  .executing = nullptr,
                                  .entered = nullptr});
  for (const int32_t slot : slots) trees->emplace_back(slot);
  if (opened) return {};
  trees->clear();
  return {report.error, "plan", syscall_name(report.call)};
}

}  // namespace orlop::launch
