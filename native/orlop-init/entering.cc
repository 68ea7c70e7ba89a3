// A process of a running container. orlop-init joins the namespaces of the container and takes on its restrictions
// where no process of the container sees it. Only then is it forked into the PID namespace of the container.
#include <linux/errno.h>
#include <linux/sched.h>

#include "init/kernel.h"
#include "init/run.h"
#include "init/syscalls.h"
#include "orlop-init/main.h"
#include "orlop-init/orders.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

namespace orlop::orlop_init {
namespace {

using init::system_call;

inline constexpr int kDupfdCloexec = 1030;  // F_DUPFD_CLOEXEC

// Without its pidfd the program could not supervise the process: it goes on when the program says that it has it.
void await_leave(int socket) {
  char byte;
  long size = -EINTR;
  while (size == -EINTR) size = system_call(__NR_read, socket, &byte, 1);
  if (size != 1) leave(0);
}

// Returns in the new process, whose parent is the program. This one ends.
int fork_into_container(const init::Start&) {
  int ends[2];
  // The program takes the end of this socket as the sign of `execve`, so no other process may hold a copy.
  if (!open_pair(ends)) return -EMFILE;
  int pidfd = -1;
  const long pid = system_call(__NR_clone, CLONE_PARENT | CLONE_PIDFD, 0, &pidfd, 0, 0);
  if (pid < 0) return static_cast<int>(pid);
  if (pid > 0) {
    const int descriptors[] = {ends[1], pidfd};
    answer(Event::kForked, &descriptors);
    leave(0);
  }
  system_call(__NR_dup3, ends[0], control, O_CLOEXEC);
  for (const int end : ends) system_call(__NR_close, end);
  await_leave(control);
  return 0;
}

}  // namespace

void run_entering() {
  // `stdio` replaces the lower numbers.
  control = static_cast<int>(system_call(__NR_fcntl, 0, kDupfdCloexec, 3));
  if (control < 0) leave(2);
  init::Start start = await(memory.first, 0);
  start.fork = fork_into_container;
  init::run(start);
  refuse();
}

}  // namespace orlop::orlop_init
