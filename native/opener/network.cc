#include "opener/network.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>

#include "opener/host_executor.h"
#include "plan/reader.h"

namespace orlop::opener {
namespace {

constexpr char kOwnNetwork[] = "/proc/thread-self/ns/net";

// True if all operations change only the network namespace of the calling thread.
bool is_about_the_network(const plan::View& plan) {
  for (uint32_t i = 0; i < plan.count(); ++i) {
    if (plan.code(i) != plan::Code::Loopback && plan.code(i) != plan::Code::Sysctl) return false;
  }
  return true;
}

bool execute(const init::Start& start) {
  init::Carried carried;
  return init::prepare(start, carried);
}

}  // namespace

Failure make_network(const std::vector<uint8_t>& plan, uint32_t features, UniqueFd* network) {
  if (!is_about_the_network(plan::View(plan.data()))) return {EINVAL, "plan", ""};
  // The executor changes the umask, which all threads with the same file-system view share.
  if (unshare(CLONE_NEWNET | CLONE_FS) != 0) return failed("unshare");
  if (Failure failure = failure_of(execute_on_this_thread(plan, features, execute))) return failure;
  network->reset(open(kOwnNetwork, O_RDONLY | O_CLOEXEC));
  return *network ? Failure{} : failed("open", kOwnNetwork);
}

}  // namespace orlop::opener
