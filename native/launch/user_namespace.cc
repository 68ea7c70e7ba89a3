#include "launch/user_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "base/pidfd.h"
#include "launch/child.h"
#include "launch/in_flight.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

namespace orlop::launch {
namespace {

constexpr size_t kStack = 64 * 1024;

Failure open_namespace(pid_t pid, UniqueFd* user_namespace) {
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/user";
  user_namespace->reset(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return *user_namespace ? Failure{} : failed("open", path);
}

}  // namespace

Failure make_user_namespace(IdMaps maps, UniqueFd* user_namespace) {
  const auto stack = std::make_unique<uint8_t[]>(kStack);
  pid_t caller = getpid();
  int fd = -1;
  // Without an exit signal, no foreign wait takes the child, and the program sees no SIGCHLD.
  const pid_t pid = clone(hold_namespaces, stack.get() + kStack, CLONE_NEWUSER | CLONE_VM | CLONE_PIDFD, &caller, &fd);
  if (pid < 0) return failed("clone");
  const UniqueFd pidfd(fd);
  InFlight in_flight;
  Failure failure = in_flight.enter_after([&] {
    if (Failure unwritten = write_id_maps(pidfd.get(), maps)) return unwritten;
    return open_namespace(pid, user_namespace);
  });
  in_flight.leave();
  // Before the stack goes, which is the child's too.
  (void)send_signal(pidfd.get(), SIGKILL);
  (void)reap(pidfd.get());
  return failure;
}

}  // namespace orlop::launch
