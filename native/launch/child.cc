#include "launch/child.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>

#include "init/context.h"

namespace orlop::launch {
namespace {

using init::system_call;

inline constexpr int kNewCgroup = 0x02000000;  // CLONE_NEWCGROUP

[[noreturn]] void leave(int status) {
  for (;;) system_call(__NR_exit_group, status);
}

// Waits until the launcher has prepared this child. False if the launcher could not.
bool pass_gate(Child& child) {
  child.arrived.store(kArrived);
  system_call(__NR_futex, &child.arrived, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, nullptr);
  while (child.gate.load() == kGateClosed) {
    system_call(__NR_futex, &child.gate, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, kGateClosed, nullptr);
  }
  return child.gate.load() == kGateOpen;
}

// A child may hang in a file system that does not answer. Its copies of the caller's descriptors would hold the
// caller's locks, and keep the pipes of other applications open.
void close_others(const Child& child) {
  uint32_t first = 3;
  for (uint32_t i = 0; i < child.kept_count; ++i) {
    const auto kept = static_cast<uint32_t>(child.kept[i]);
    if (first < kept) system_call(__NR_close_range, first, kept - 1, 0);
    first = kept + 1;
  }
  system_call(__NR_close_range, first, ~0u, 0);
}

// A program may have closed its standard streams. A descriptor that the executor opens would get such a number, and
// lose it to the application's stream.
void take_standard_numbers() {
  long fd = 0;
  while (fd >= 0 && fd < 3) fd = system_call(__NR_openat, init::kAtCwd, "/", init::kPath, 0);
  init::close_fd(static_cast<int>(fd));
}

}  // namespace

int death_signal_of(const plan::View& plan) {
  for (uint32_t i = 0; i < plan.count(); ++i) {
    if (plan.code(i) != plan::Code::ParentDeath) continue;
    return static_cast<int>(plan::read<plan::op::ParentDeath>(plan, i).signal);
  }
  return 0;
}

void note_executing(const init::Start& start) {
  // Both are of standard layout, and the start is the first member.
  auto& child = const_cast<Child&>(reinterpret_cast<const Child&>(start));
  child.executing.store(1);
}

int child_main(void* argument) {
  Child& child = *static_cast<Child*>(argument);
  if (child.death_signal != 0) system_call(__NR_prctl, PR_SET_PDEATHSIG, child.death_signal, 0, 0, 0);
  if (child.cancelled.load() != 0) leave(127);
  if (child.kept != nullptr) close_others(child);
  take_standard_numbers();
  if (child.gated && !pass_gate(child)) leave(127);
  if (child.own_cgroups) {
    child.cgroups_error = static_cast<int>(-system_call(__NR_unshare, kNewCgroup));
    if (child.cgroups_error != 0) leave(127);
  }
  init::run(child.start);
  child.returned.store(1);
  leave(127);
}

int hold_namespaces(void* argument) {
  system_call(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // The caller may have died before. The copies would hold its locks (Linux 5.9; before, until this process ends).
  if (system_call(__NR_getppid) != *static_cast<const pid_t*>(argument)) leave(127);
  system_call(__NR_close_range, 0, ~0u, 0);
  for (;;) system_call(__NR_ppoll, nullptr, 0, nullptr, nullptr, 0);
}

}  // namespace orlop::launch
