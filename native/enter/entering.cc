#include "enter/entering.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/pidfd.h"
#include "enter/sealed_program.h"
#include "orlop-init/message.h"
#include "plan/reader.h"
#include "pool/order.h"

namespace orlop::enter {
namespace {

using launch::AttemptResult;
using orlop_init::Answer;
using orlop_init::Event;
using orlop_init::Progress;

struct NamespaceFile {
  uint32_t kind;
  const char* name;
};
constexpr NamespaceFile kNamespaces[] = {
    {CLONE_NEWUSER, "ns/user"}, {CLONE_NEWNS, "ns/mnt"},  {CLONE_NEWPID, "ns/pid"},       {CLONE_NEWNET, "ns/net"},
    {CLONE_NEWUTS, "ns/uts"},   {CLONE_NEWIPC, "ns/ipc"}, {CLONE_NEWCGROUP, "ns/cgroup"},
};

const char* file_of(uint32_t kind) {
  const auto* const found = std::find_if(std::begin(kNamespaces), std::end(kNamespaces),
                                         [kind](const auto& one) { return one.kind == kind; });
  return found == std::end(kNamespaces) ? nullptr : found->name;
}

// Opens the directory of a process. The start time is compared afterwards: the descriptor is of the process that had
// the PID then, and nothing is ever opened through it after that process is gone (ESRCH).
Failure open_process(pid_t pid, uint64_t start_time, UniqueFd* directory) {
  const std::string path = "/proc/" + std::to_string(pid);
  directory->reset(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!*directory) return {errno == ENOENT ? ESRCH : errno, "open", path};
  return start_time_of(pid) == start_time ? Failure{} : Failure{ESRCH, "open", path};
}

Failure duplicate(int fd, UniqueFd* copy) {
  copy->reset(fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  return *copy ? Failure{} : failed("fcntl");
}

// The caller's own: that of the container is of its root, and shows no process of the caller.
Failure open_proc(UniqueFd* proc) {
  const UniqueFd opened(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  return opened ? duplicate(opened.get(), proc) : failed("open", "/proc");
}

struct Received {
  bool ended = true;  // the other end is closed
  Answer answer{};
  UniqueFd descriptors[orlop_init::kAnswerDescriptors];
};

Received receive(int socket) {
  Received received;
  int numbers[orlop_init::kAnswerDescriptors] = {-1, -1};
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(sizeof numbers)] = {};
  iovec part = {&received.answer, sizeof received.answer};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t size;
  do {
    size = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  const cmsghdr* rights = size < 0 ? nullptr : CMSG_FIRSTHDR(&header);
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
    memcpy(numbers, CMSG_DATA(rights), std::min<size_t>(sizeof numbers, rights->cmsg_len - CMSG_LEN(0)));
  }
  for (size_t i = 0; i < std::size(numbers); ++i) received.descriptors[i].reset(numbers[i]);
  received.ended = size != static_cast<ssize_t>(sizeof received.answer);
  return received;
}

bool is_executing(int progress) {
  uint32_t executing = 0;
  const ssize_t size = pread(progress, &executing, sizeof executing, offsetof(Progress, executing));
  return size == sizeof executing && executing == 1;
}

// Reaps what orlop-init has forked if its pidfd is lost: orlop-init was killed right after its fork. Until it gets the
// sign to go on, the process is in the group that orlop-init leads, and ends without the sign.
void reap_group(pid_t leader) {
  siginfo_t info;
  while (waitid(P_PGID, static_cast<id_t>(leader), &info, WEXITED | __WALL) == 0 || errno == EINTR) {
  }
}

}  // namespace

Entering::Entering(launch::AttemptRequest request, Target target)
    : request_(std::move(request)), target_(std::move(target)) {}

AttemptResult Entering::execute(const fs::Changes& changes, const std::vector<int>& supplied,
                                launch::ChildStack& stack) {
  AttemptResult result;
  result.failure = fs::apply(changes);
  int ends[2] = {-1, -1};
  if (!result.failure && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    result.failure = failed("socketpair");
  }
  UniqueFd ours(ends[0]), theirs(ends[1]), progress;
  if (!result.failure) result.failure = pool::make_file("orlop-progress", progress);
  if (!result.failure && ftruncate(progress.get(), sizeof(Progress)) != 0) result.failure = failed("ftruncate");
  // Before orlop-init runs: it finds the plan when it looks.
  if (!result.failure) result.failure = send_plan(ours.get(), progress.get(), supplied);
  if (result.failure || !boot(theirs.get(), stack, result)) return result;
  theirs.reset();
  follow(std::move(ours), progress.get(), result);
  result.returned = monotonic_ns();
  return result;
}

// Fills the slots: what the caller has supplied, and the namespaces to join.
Failure Entering::open_slots(const std::vector<int>& supplied, std::vector<UniqueFd>& slots) const {
  const plan::View view(request_.plan.data());
  slots.resize(view.header().slots);
  for (size_t i = 0; i < std::min(supplied.size(), slots.size()); ++i) {
    if (Failure failure = duplicate(supplied[i], &slots[i])) return failure;
  }
  UniqueFd process;
  if (Failure failure = open_process(target_.pid, target_.start_time, &process)) return failure;
  for (uint32_t i = 0; i < view.count(); ++i) {
    if (view.code(i) == plan::Code::AppArmor) {
      const auto confined = plan::read<plan::op::AppArmor>(view, i);
      if (confined.proc >= slots.size()) return {EINVAL, "open", "/proc"};
      if (Failure failure = open_proc(&slots[confined.proc])) return failure;
    }
    if (view.code(i) != plan::Code::Join) continue;
    const auto join = plan::read<plan::op::Join>(view, i);
    const char* const name = file_of(join.kind);
    if (name == nullptr || join.namespace_ >= slots.size()) return {EINVAL, "setns"};
    const UniqueFd opened(openat(process.get(), name, O_RDONLY | O_CLOEXEC));
    if (!opened) return {errno == ENOENT ? ESRCH : errno, "open", "/proc/" + std::to_string(target_.pid) + "/" + name};
    if (Failure failure = duplicate(opened.get(), &slots[join.namespace_])) return failure;
  }
  return {};
}

Failure Entering::send_plan(int socket, int progress, const std::vector<int>& supplied) const {
  std::vector<UniqueFd> slots;
  if (Failure failure = open_slots(supplied, slots)) return failure;
  pool::Order order;
  order.plan = request_.plan;
  order.features = request_.features;
  return pool::send_order(socket, order, slots, progress);
}

// Executes orlop-init, in the namespaces of this program and the control groups of the container. False if it failed,
// with the result filled.
bool Entering::boot(int socket, launch::ChildStack& stack, AttemptResult& result) {
  UniqueFd moved;
  int program = -1;
  result.failure = sealed_program(target_.program, &program);
  if (!result.failure) result.failure = duplicate(socket, &moved);
  UniqueFd proc;
  if (!result.failure) result.failure = open_proc(&proc);
  if (result.failure) return false;
  auto cloning = std::make_unique<launch::Cloning>(launch::AttemptRequest{.plan = target_.boot,
                                                                          .features = request_.features,
                                                                          .maps = {},
                                                                          .cgroup = std::move(request_.cgroup),
                                                                          .seat = std::move(request_.seat)});
  {
    const std::lock_guard lock(mutex_);
    if (cancelled_) cloning->cancel();
    boot_ = std::move(cloning);
  }
  AttemptResult booted = boot_->execute({}, {moved.get(), program, proc.get()}, stack);
  boot_->release();
  result.cloned = booted.cloned;
  result.cloner_resident_kb = booted.cloner_resident_kb;
  result.pid = booted.pid;
  result.cancelled = booted.cancelled;
  if (booted.executed) {
    const std::lock_guard lock(mutex_);
    leader_ = std::move(booted.pidfd);
    // The attempt of the boot had the pidfd no more.
    if (cancelled_) send_signal(leader_.get(), SIGKILL);
    return true;
  }
  result.pidfd = std::move(booted.pidfd);
  result.failure = std::move(booted.failure);
  if (booted.refused) {
    result.failure = {booted.report.error, "execve", target_.program};
  }
  return false;
}

// Follows orlop-init to its fork, and the process in the container to its `execve`.
void Entering::follow(UniqueFd socket, int progress, AttemptResult& result) {
  const pid_t leader = std::exchange(result.pid, 0);
  Received received = receive(socket.get());
  const bool forked =
      !received.ended && received.answer.event == Event::kForked && received.descriptors[0] && received.descriptors[1];
  {
    // Its PID may belong to another process from now on.
    const std::lock_guard lock(mutex_);
    result.cancelled = result.cancelled || cancelled_;
    reap(leader_.get());
    leader_.reset();
    boot_.reset();
  }
  if (forked) {
    socket = std::move(received.descriptors[0]);
    result.pid = pid_of(received.descriptors[1].get());
    // Without the sign the process ends.
    if (take_process(std::move(received.descriptors[1]))) (void)!send(socket.get(), "", 1, MSG_NOSIGNAL);
    received = receive(socket.get());
    const std::lock_guard lock(mutex_);
    result.cancelled = result.cancelled || cancelled_;
    result.pidfd = std::move(pidfd_);
  } else if (received.ended) {
    reap_group(leader);
  }
  result.refused = !received.ended && received.answer.event == Event::kRefused;
  result.report = received.answer.report;
  result.executed = forked && received.ended && is_executing(progress);
  const plan::View view(request_.plan.data());
  result.ops.assign(view.count() + 1, 0);
  const size_t size = result.ops.size() * sizeof(uint64_t);
  (void)!pread(progress, result.ops.data(), size, offsetof(Progress, times));
  result.entered = result.ops[0];
}

// False if the attempt was cancelled: then the process is killed.
bool Entering::take_process(UniqueFd pidfd) {
  const std::lock_guard lock(mutex_);
  pidfd_ = std::move(pidfd);
  if (cancelled_) send_signal(pidfd_.get(), SIGKILL);
  return !cancelled_;
}

void Entering::release() {
  request_.cgroup.reset();
  request_.seat.reset();
}

void Entering::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  if (boot_ != nullptr) boot_->cancel();
  if (leader_) send_signal(leader_.get(), SIGKILL);
  if (pidfd_) send_signal(pidfd_.get(), SIGKILL);
}

}  // namespace orlop::enter
