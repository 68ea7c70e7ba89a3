#include "opener/host_executor.h"

#include <algorithm>

#include "base/clock.h"
#include "launch/syscall_name.h"
#include "plan/reader.h"

namespace orlop::opener {

HostExecution execute_on_this_thread(const std::vector<uint8_t>& plan, uint32_t features,
                                     bool (*execute)(const init::Start&), const std::vector<int>& supplied) {
  const plan::View view(plan.data());
  std::vector<int32_t> numbers(view.header().slots, -1);
  std::copy_n(supplied.begin(), std::min(supplied.size(), numbers.size()), numbers.begin());
  HostExecution result;
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
                             .entered = nullptr,
                             .clock = monotonic_ns});
  for (size_t i = 0; i < numbers.size(); ++i) result.slots.emplace_back(i < supplied.size() ? -1 : numbers[i]);
  if (!result.executed) result.slots.clear();
  return result;
}

Failure failure_of(const HostExecution& result) {
  if (result.executed) return {};
  return {result.report.error, "plan", launch::syscall_name(result.report.call)};
}

}  // namespace orlop::opener
