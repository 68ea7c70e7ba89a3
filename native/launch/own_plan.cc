#include "launch/own_plan.h"

#include "launch/syscall_name.h"
#include "plan/reader.h"

namespace orlop::launch {

OwnPlan execute_own(const std::vector<uint8_t>& plan, uint32_t features, bool (*execute)(const init::Start&)) {
  const plan::View view(plan.data());
  std::vector<int32_t> numbers(view.header().slots, -1);
  OwnPlan result;
  result.times.assign(view.count() + 1, 0);
  result.executed = execute({.plan = plan.data(),
                             .size = plan.size(),
                             .slots = numbers.data(),
                             .features = features,
                             .report = &result.report,
                             .times = result.times.data(),
                             .pointers = nullptr,
                             .pointer_count = 0,
                             .parent = 0,
                             .executing = nullptr,
                             .entered = nullptr});
  for (const int32_t number : numbers) result.slots.emplace_back(number);
  if (!result.executed) result.slots.clear();
  return result;
}

Failure failure_of(const OwnPlan& result) {
  if (result.executed) return {};
  return {result.report.error, "plan", syscall_name(result.report.call)};
}

}  // namespace orlop::launch
