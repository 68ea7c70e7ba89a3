#include "launch/own_plan.h"

#include "launch/syscall_name.h"
#include "plan/reader.h"

namespace orlop::launch {

Failure execute_own(const std::vector<uint8_t>& plan, uint32_t features, bool (*execute)(const init::Start&),
                    std::vector<UniqueFd>* slots) {
  const plan::View view(plan.data());
  std::vector<int32_t> numbers(view.header().slots, -1);
  std::vector<uint64_t> times(view.count() + 1, 0);
  init::Report report{};
  const bool executed = execute({.plan = plan.data(),
                                 .size = plan.size(),
                                 .slots = numbers.data(),
                                 .features = features,
                                 .report = &report,
                                 .times = times.data(),
                                 .pointers = nullptr,
                                 .pointer_count = 0,
                                 .parent = 0,
                                 .executing = nullptr,
                                 .entered = nullptr});
  for (const int32_t number : numbers) slots->emplace_back(number);
  if (executed) return {};
  slots->clear();
  return {report.error, "plan", syscall_name(report.call)};
}

}  // namespace orlop::launch
