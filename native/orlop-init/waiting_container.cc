// The container init process of a waiting container. It waits in the root of its container, and sees no mount of the
// host. The program attaches the volumes of a request. Then it executes the application.
#include <linux/errno.h>

#include "init/context.h"
#include "init/mounts.h"
#include "init/run.h"
#include "init/syscalls.h"
#include "orlop-init/main.h"
#include "orlop-init/orders.h"
#include "plan/reader.h"

namespace orlop::orlop_init {
namespace {

using init::system_call;

// Opens the own mount namespace, for the program, which attaches volumes in it. On a new procfs: a user may have put
// something else in place of the procfs in the root.
int own_mount_namespace(const init::Start& making) {
  init::Context context{making, plan::View(making.plan)};
  const int proc = init::make_filesystem(context, "proc", nullptr, 0, 0);
  if (proc < 0) refuse_order(-proc);
  const auto own = static_cast<int>(system_call(__NR_openat, proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC, 0));
  if (own < 0) refuse_order(-own);
  system_call(__NR_close, proc);
  return own;
}

// Replaces the socket. The program takes the end of the socket as the sign of `execve`, so no other process may hold a
// copy. A concurrent start may hold a copy of the first socket.
void take_new_socket(int mount_namespace) {
  int ends[2];
  if (!open_pair(ends)) refuse_order(EMFILE);
  const int old = control;
  const int descriptors[] = {ends[1], mount_namespace};
  answer(Event::kReady, &descriptors);
  for (const int descriptor : descriptors) system_call(__NR_close, descriptor);
  control = ends[0];
  // Also as 0, 1 and 2, so that no later descriptor gets these numbers. `stdio` replaces them.
  for (int number = 0; number < 3; number++) system_call(__NR_dup3, control, number, O_CLOEXEC);
  if (old > 2) system_call(__NR_close, old);
}

}  // namespace

void run_waiting_container() {
  const init::Start making = await(memory.first, 0);
  const int mount_namespace = own_mount_namespace(making);
  init::Carried carried;
  if (!init::prepare(making, carried)) refuse();
  take_new_socket(mount_namespace);
  const init::Start becoming = await(memory.second, plan::View(making.plan).header().slots);
  init::run(becoming, carried);
  refuse();
}

}  // namespace orlop::orlop_init
