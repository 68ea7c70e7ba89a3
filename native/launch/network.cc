#include "launch/network.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>

#include "init/run.h"
#include "launch/syscall_name.h"
#include "plan/reader.h"

namespace orlop::launch {
namespace {

constexpr char kOwnNetwork[] = "/proc/thread-self/ns/net";

// What changes the namespace of the calling thread and nothing of the program.
bool is_about_the_network(const plan::View& plan) {
  for (uint32_t i = 0; i < plan.count(); ++i) {
    if (plan.code(i) != plan::Code::Loopback && plan.code(i) != plan::Code::Sysctl) return false;
  }
  return true;
}

Failure execute(const std::vector<uint8_t>& plan, uint32_t features) {
  const plan::View view(plan.data());
  std::vector<int32_t> slots(view.header().slots, -1);
  std::vector<uint64_t> times(view.count() + 1, 0);
  init::Report report{};
  init::Carried carried;
  const init::Start start{.plan = plan.data(),
                          .size = plan.size(),
                          .slots = slots.data(),
                          .features = features,
                          .report = &report,
                          .times = times.data(),
                          .pointers = nullptr,
                          .pointer_count = 0,
                          .parent = 0,
                          .executing = nullptr,
                          .entered = nullptr};
  if (init::prepare(start, carried)) return {};
  return {report.error, "plan", syscall_name(report.call)};
}

}  // namespace

Failure make_network(const std::vector<uint8_t>& plan, uint32_t features, UniqueFd* network) {
  if (!is_about_the_network(plan::View(plan.data()))) return {EINVAL, "plan", ""};
  // The executor changes the umask, which threads share unless they have a file-system view of their own.
  if (unshare(CLONE_NEWNET | CLONE_FS) != 0) return failed("unshare");
  if (Failure failure = execute(plan, features)) return failure;
  network->reset(open(kOwnNetwork, O_RDONLY | O_CLOEXEC));
  return *network ? Failure{} : failed("open", kOwnNetwork);
}

}  // namespace orlop::launch
