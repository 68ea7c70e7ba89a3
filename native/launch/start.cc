#include "launch/start.h"

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
#include <utility>

#include "base/clock.h"
#include "base/thread.h"
#include "opener/empty_namespace.h"
#include "supervise/reaper.h"

namespace orlop::launch {
namespace {

void futex_wait(std::atomic<uint32_t>& word, uint32_t value) {
  syscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, nullptr);
}

void futex_wake(std::atomic<uint32_t>& word) { syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX); }

// A pidfd of this program, by which a child notices that the program is gone. A program that has closed its standard
// streams would get it at one of their numbers, where the child puts its own streams.
int own_pidfd() {
  static const int pidfd = fcntl(open_pidfd(getpid()).get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  return pidfd;
}

int death_signal_of(const plan::View& plan) {
  for (uint32_t i = 0; i < plan.count(); ++i) {
    if (plan.code(i) != plan::Code::ParentDeath) continue;
    return static_cast<int>(plan::read<plan::op::ParentDeath>(plan, i).signal);
  }
  return 0;
}

}  // namespace

Start::Start(StartRequest request) : request_(std::move(request)) {
  slots_.assign(header().slots, -1);
  const plan::View plan(request_.plan.data());
  times_.assign(plan.count() + 1, 0);
  pointers_.assign(plan::count_pointers(plan), nullptr);
  child_.start = {.plan = request_.plan.data(),
                  .size = request_.plan.size(),
                  .slots = slots_.data(),
                  .features = request_.features,
                  .report = &report_,
                  .times = times_.data(),
                  .pointers = pointers_.data(),
                  .pointer_count = static_cast<uint32_t>(pointers_.size()),
                  .parent = own_pidfd(),
                  .executing = nullptr,
                  .entered = &entered_,
                  .clock = monotonic_ns};
  child_.death_signal = death_signal_of(plan);
  child_.gated = needs_helper();
}

void Start::list_needed_descriptors() {
  kept_.assign(slots_.begin(), slots_.begin() + static_cast<ptrdiff_t>(request_.sources.size()));
  if (child_.start.parent >= 0) kept_.push_back(child_.start.parent);
  std::sort(kept_.begin(), kept_.end());
  child_.kept = kept_.data();
  child_.kept_count = static_cast<uint32_t>(kept_.size());
}

bool Start::needs_helper() const {
  if ((header().namespaces & CLONE_NEWUSER) != 0) return true;
  return request_.cgroup && (request_.features & init::kFeatureCloneIntoCgroup) == 0;
}

StartResult Start::execute(ChildStack& stack) {
  StartResult result{.called = request_.called};
  if (child_.cancelled.load() != 0) {
    result.outcome = StartResult::Outcome::kDied;
    result.exit.signal = SIGKILL;
    return result;
  }
  if (!prepare_slots(result)) return result;
  if (has_opener() && !open_mounts(result)) return result;
  result.cloned = monotonic_ns();
  const long pid = has_opener() ? clone_in_empty(stack, result.failure) : clone(stack);
  result.returned = monotonic_ns();
  result.entered = entered_;
  result.ops = times_;
  if (pid >= 0) {
    examine(static_cast<pid_t>(pid), result);
  } else if (!result.failure) {
    result.failure = {.error = static_cast<int>(-pid), .call = "clone"};
  }
  return result;
}

void Start::release() {
  request_.sources.clear();
  request_.cgroup.reset();
  mounts_.clear();
}

bool Start::then(std::function<void()> follower) {
  const std::lock_guard lock(mutex_);
  if (!over_) followers_.push_back(std::move(follower));
  return !over_;
}

void Start::over() {
  std::vector<std::function<void()>> followers;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    followers = std::move(followers_);
  }
  for (const auto& follower : followers) follower();
}

// Opens the sources, makes the checks and changes before the start, and fills the first slots. False if it failed, with
// the result filled.
bool Start::prepare_slots(StartResult& result) {
  result.failure = opener::EmptyNamespace::instance().leave();
  if (!result.failure) result.failure = open_sources(request_.sources, result.pipes);
  if (!result.failure && request_.before) result.failure = request_.before();
  if (result.failure) return false;
  for (size_t i = 0; i < request_.sources.size(); ++i) slots_[i] = request_.sources[i].fd.get();
  // With an opener the child only attaches, which does not hang, so it need not close descriptors.
  if (!has_opener() && (request_.features & init::kFeatureCloseRange) != 0) list_needed_descriptors();
  return true;
}

// Makes the mounts of the plan on this thread, in the host's mount namespace. False if it failed, with the result
// filled.
bool Start::open_mounts(StartResult& result) {
  result.failure = opener::unshare_file_system_view();
  if (result.failure) return false;
  const bool opened = init::open(child_.start);
  keep_mounts();
  if (opened) return true;
  result.outcome = StartResult::Outcome::kRefused;
  result.report = report_;
  result.returned = monotonic_ns();
  result.ops = times_;
  return false;
}

// The child fills slots of the same table with its own descriptors. So the opener's descriptors are noted here, and
// closed by `release`. Those with the numbers of standard streams, which the child fills, get others.
void Start::keep_mounts() {
  for (size_t i = request_.sources.size(); i < slots_.size(); ++i) {
    if (slots_[i] < 0) continue;
    UniqueFd mount(slots_[i]);
    if (mount.get() <= STDERR_FILENO) mount.reset(fcntl(mount.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    slots_[i] = mount.get();
    mounts_.push_back(std::move(mount));
  }
}

long Start::clone_in_empty(ChildStack& stack, Failure& failure) {
  const opener::EmptyNamespace& empty = opener::EmptyNamespace::instance();
  failure = empty.enter();
  if (failure) return -failure.error;
  const long pid = clone(stack);
  // If it fails, the next start on this thread tries again first.
  (void)empty.leave();
  return pid;
}

long Start::clone(ChildStack& stack) {
  if (!stack.allocate()) return -ENOMEM;
  // This thread sleeps until the child has executed. So a helper thread writes maps and cgroup meanwhile.
  std::optional<pthread_t> helper;
  if (child_.gated) {
    helper = start_thread("orlop-help", [this] { help(); });
    if (!helper) return -EAGAIN;
  } else {
    in_flight_.enter();
  }
  const bool clone3 = (request_.features & init::kFeatureCloneIntoCgroup) != 0;
  const long pid = clone_child({.namespaces = header().namespaces,
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
  if (helper) {
    uint32_t absent = kAbsent;  // the child was killed before it arrived, or was not made
    if (child_.arrived.compare_exchange_strong(absent, kNeverComes)) futex_wake(child_.arrived);
    pthread_join(*helper, nullptr);
  }
  in_flight_.leave();
  return pid;
}

void Start::help() {
  while (child_.arrived.load() == kAbsent) futex_wait(child_.arrived, kAbsent);
  if (child_.arrived.load() == kNeverComes) return;
  help_failure_ = in_flight_.enter_after([this] { return write_maps_and_cgroup(); });
  child_.gate.store(help_failure_.error == 0 ? kGateOpen : kGateRefused);
  futex_wake(child_.gate);
}

Failure Start::write_maps_and_cgroup() {
  const int pidfd = __atomic_load_n(&pidfd_, __ATOMIC_SEQ_CST);
  if (request_.cgroup && (request_.features & init::kFeatureCloneIntoCgroup) == 0) {
    if (Failure failure = move_into_cgroup(pidfd, request_.cgroup.get())) return failure;
  }
  if ((header().namespaces & CLONE_NEWUSER) == 0) return {};
  return write_id_maps(pidfd, request_.maps);
}

// Fills the result after clone has returned: the application runs, or the child is gone.
void Start::examine(pid_t pid, StartResult& result) {
  using Outcome = StartResult::Outcome;
  if (child_.returned.load() == 0 && has_executed(pidfd_)) {
    take_application(pid, result);
    return;
  }
  const Exit exit = reap(pidfd_);
  {
    const std::lock_guard lock(mutex_);
    const UniqueFd closed(std::exchange(pidfd_, -1));
  }
  // A cancelled start reports the cancellation, not the failure to write maps of a dead child.
  if (help_failure_.error != 0 && child_.cancelled.load() == 0) {
    result.failure = help_failure_;
  } else if (child_.returned.load() != 0) {
    result.outcome = Outcome::kRefused;
    result.report = report_;
  } else {
    result.outcome = Outcome::kDied;
    result.exit = child_.cancelled.load() != 0 ? Exit{.signal = SIGKILL} : exit;
  }
}

void Start::take_application(pid_t pid, StartResult& result) {
  result.outcome = StartResult::Outcome::kStarted;
  {
    const std::lock_guard lock(mutex_);
    process_ = supervise::Process::child(pid, UniqueFd(std::exchange(pidfd_, -1)));
  }
  result.process = process_;
  Failure failure = request_.started ? request_.started(*process_) : Failure{};
  if (!failure) failure = supervise::Reaper::instance().watch(process_);
  if (!failure) return;
  // No state file, or no epoll watch: an application whose exit the program cannot notice must not run.
  process_->kill(SIGKILL);
  process_->finish();
  result.outcome = StartResult::Outcome::kNoProcess;
  result.failure = failure;
}

void Start::cancel() {
  child_.cancelled.store(1);
  const std::lock_guard lock(mutex_);
  const int pidfd = __atomic_load_n(&pidfd_, __ATOMIC_SEQ_CST);
  if (process_ != nullptr) {
    process_->kill(SIGKILL);
  } else if (pidfd >= 0) {
    send_signal(pidfd, SIGKILL);
  }
}

}  // namespace orlop::launch
