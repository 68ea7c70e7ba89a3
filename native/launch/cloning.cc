#include "launch/cloning.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/pidfd.h"
#include "base/thread.h"
#include "launch/seat.h"
#include "opener/empty_namespace.h"

namespace orlop::launch {
namespace {

void futex_wait(std::atomic<uint32_t>& word, uint32_t value) {
  syscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, nullptr);
}

void futex_wake(std::atomic<uint32_t>& word) { syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX); }

}  // namespace

int Cloning::own_pidfd() {
  // A program that has closed its standard streams would get it at one of their numbers, where the child puts its own.
  static const int pidfd = fcntl(open_pidfd(getpid()).get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  return pidfd;
}

Cloning::Cloning(AttemptRequest request, Family family, int parent) : request_(std::move(request)), family_(family) {
  slots_.assign(header().slots, -1);
  times_.assign(plan().count() + 1, 0);
  pointers_.assign(plan::count_pointers(plan()), nullptr);
  child_.start = {.plan = request_.plan.data(),
                  .size = request_.plan.size(),
                  .slots = slots_.data(),
                  .features = request_.features,
                  .report = &report_,
                  .times = times_.data(),
                  .pointers = pointers_.data(),
                  .pointer_count = static_cast<uint32_t>(pointers_.size()),
                  .parent = parent,
                  .executing = note_executing,
                  .entered = &entered_,
                  .clock = monotonic_ns};
  child_.death_signal = death_signal_of(plan());
  child_.gated = needs_helper();
  child_.own_cgroups = is_moved() && (header().namespaces & CLONE_NEWCGROUP) != 0;
}

void Cloning::list_needed_descriptors() {
  kept_.assign(slots_.begin(), slots_.begin() + static_cast<ptrdiff_t>(supplied_));
  if (child_.start.parent >= 0) kept_.push_back(child_.start.parent);
  std::sort(kept_.begin(), kept_.end());
  child_.kept = kept_.data();
  child_.kept_count = static_cast<uint32_t>(kept_.size());
}

bool Cloning::needs_helper() const { return (header().namespaces & CLONE_NEWUSER) != 0 || is_moved(); }

// True if the helper moves the child into its cgroup, where the clone cannot place it.
bool Cloning::is_moved() const { return request_.cgroup && (request_.features & init::kFeatureCloneIntoCgroup) == 0; }

AttemptResult Cloning::execute(const fs::Changes& changes, const std::vector<int>& supplied, ChildStack& stack) {
  AttemptResult result;
  result.failure = fs::apply(changes);
  if (result.failure) return result;
  supplied_ = std::min(supplied.size(), slots_.size());
  std::copy_n(supplied.begin(), supplied_, slots_.begin());
  // With an opener the child only attaches, which does not hang, so it need not close descriptors.
  if (!has_opener() && (request_.features & init::kFeatureCloseRange) != 0) list_needed_descriptors();
  if (has_opener() && !open_mounts(result)) return result;
  result.cloned = monotonic_ns();
  const long pid = clone_at_place(stack, result.failure);
  result.returned = monotonic_ns();
  result.cloner_resident_kb = own_largest_resident_kb();
  result.entered = entered_;
  result.ops = times_;
  if (pid >= 0) {
    examine(static_cast<pid_t>(pid), result);
  } else if (!result.failure) {
    result.failure = {.error = static_cast<int>(-pid), .call = "clone"};
  }
  return result;
}

void Cloning::release() {
  request_.cgroup.reset();
  request_.seat.reset();
  mounts_.clear();
}

// Makes the mounts of the plan on this thread, in the host's mount namespace. False if it failed, with the result
// filled.
bool Cloning::open_mounts(AttemptResult& result) {
  result.failure = opener::unshare_file_system_view();
  if (result.failure) return false;
  const bool opened = init::open(child_.start);
  keep_mounts();
  if (opened) return true;
  result.refused = true;
  result.report = report_;
  result.returned = monotonic_ns();
  result.ops = times_;
  return false;
}

// The child fills slots of the same table with its own descriptors. So the opener's descriptors are noted here, and
// closed by `release`. Those with the numbers of standard streams, which the child fills, get others.
void Cloning::keep_mounts() {
  for (size_t i = supplied_; i < slots_.size(); ++i) {
    if (slots_[i] < 0) continue;
    UniqueFd mount(slots_[i]);
    if (mount.get() <= STDERR_FILENO) mount.reset(fcntl(mount.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    slots_[i] = mount.get();
    mounts_.push_back(std::move(mount));
  }
}

// Clones on this thread, or on the one that sits in the cgroups.
long Cloning::clone_at_place(ChildStack& stack, Failure& failure) {
  if (!request_.seat) {
    if (!has_opener()) return assisted([&] { return clone(stack); });
    return in_empty([&] { return assisted([&] { return clone(stack); }); }, failure);
  }
  const auto seat = Seat::of(request_.seat.get());
  if (seat == nullptr) return -ESRCH;
  // A thread begins in the cgroups of the one that starts it: the helper of the seat would be counted there.
  return assisted([&] {
    long pid = -1;
    seat->run([&] { pid = has_opener() ? in_empty([&] { return clone(stack); }, failure) : clone(stack); });
    return pid;
  });
}

// Clones in the empty mount namespace.
long Cloning::in_empty(const std::function<long()>& clone, Failure& failure) const {
  using opener::EmptyNamespace;
  const bool own_users = (header().namespaces & CLONE_NEWUSER) != 0;
  const auto& empty = EmptyNamespace::instance(own_users ? EmptyNamespace::For::kChildrenInUserNamespace
                                                         : EmptyNamespace::For::kChildren);
  failure = empty.enter();
  if (failure) return -failure.error;
  const long pid = clone();
  // If it fails, the next start on this thread tries again first.
  (void)EmptyNamespace::leave();
  return pid;
}

// Clones while a helper thread is there, if the child needs one: the thread that clones sleeps until the child has
// executed, so the helper writes maps and cgroup meanwhile.
long Cloning::assisted(const std::function<long()>& clone) {
  std::optional<pthread_t> helper;
  if (child_.gated) {
    helper = start_thread("orlop-help", [this] { help(); });
    if (!helper) return -EAGAIN;
  } else {
    in_flight_.enter();
  }
  const long pid = clone();
  if (helper) {
    uint32_t absent = kAbsent;  // the child was killed before it arrived, or was not made
    if (child_.arrived.compare_exchange_strong(absent, kNeverComes)) futex_wake(child_.arrived);
    pthread_join(*helper, nullptr);
  }
  in_flight_.leave();
  return pid;
}

long Cloning::clone(ChildStack& stack) {
  if (!stack.allocate()) return -ENOMEM;
  const bool clone3 = (request_.features & init::kFeatureCloneIntoCgroup) != 0;
  const uint64_t later = child_.own_cgroups ? CLONE_NEWCGROUP : 0;
  const long pid = clone_child({.namespaces = header().namespaces & ~later,
                                .sibling = family_ == Family::kSibling,
                                .cgroup = clone3 ? request_.cgroup.get() : -1,
                                .clone3 = clone3,
                                .pidfd = &pidfd_,
                                .entry = child_main,
                                .argument = &child_},
                               stack);
  if (pid < 0) {
    // The kernel may write the pidfd and then refuse, at a limit of the cgroup: the number may belong to another
    // descriptor by now.
    const std::lock_guard lock(mutex_);
    pidfd_ = -1;
  }
  return pid;
}

void Cloning::help() {
  while (child_.arrived.load() == kAbsent) futex_wait(child_.arrived, kAbsent);
  if (child_.arrived.load() == kNeverComes) return;
  help_failure_ = in_flight_.enter_after([this] { return write_maps_and_cgroup(); });
  child_.gate.store(help_failure_.error == 0 ? kGateOpen : kGateRefused);
  futex_wake(child_.gate);
}

Failure Cloning::write_maps_and_cgroup() {
  const int pidfd = __atomic_load_n(&pidfd_, __ATOMIC_SEQ_CST);
  if (is_moved()) {
    if (Failure failure = move_into_cgroup(pidfd, request_.cgroup.get())) return failure;
  }
  if ((header().namespaces & CLONE_NEWUSER) == 0) return {};
  return write_id_maps(pidfd, request_.maps);
}

// Fills the result after clone has returned: the application runs, or the child is gone.
void Cloning::examine(pid_t pid, AttemptResult& result) {
  result.pid = pid;
  {
    const std::lock_guard lock(mutex_);
    result.pidfd.reset(std::exchange(pidfd_, -1));
  }
  result.cancelled = child_.cancelled.load() != 0;
  const bool returned = child_.returned.load() != 0;
  // The exit signal of a sibling tells nothing. One that was killed while it executed counts as executed.
  const bool executing = child_.executing.load() != 0;
  result.executed = !returned && (family_ == Family::kSibling ? executing : has_executed(result.pidfd.get()));
  if (result.executed) return;
  // A cancelled start reports the cancellation, not the failure to write maps of a dead child.
  if (help_failure_.error != 0 && !result.cancelled) {
    result.failure = help_failure_;
  } else if (child_.cgroups_error != 0 && !result.cancelled) {
    result.failure = {.error = child_.cgroups_error, .call = "unshare"};
  } else if (returned) {
    result.refused = true;
    result.report = report_;
  }
}

void Cloning::cancel() {
  child_.cancelled.store(1);
  const std::lock_guard lock(mutex_);
  const int pidfd = __atomic_load_n(&pidfd_, __ATOMIC_SEQ_CST);
  if (pidfd >= 0) send_signal(pidfd, SIGKILL);
}

}  // namespace orlop::launch
