// The step from the host's PID namespace into that of a container which runs already.
#include <linux/prctl.h>

#include "init/ops.h"

namespace orlop::init {

// From here on processes of the container see this one. So it holds nothing of the host any more: no descriptor but its
// socket and the streams, and no readable memory, which a change of credentials makes where fs.suid_dumpable is 1.
int execute(Context& context, const plan::op::Fork&) {
  if (context.start.fork == nullptr) return context.refuse(ENOSYS);
  const long error = context.call(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (error < 0) return static_cast<int>(error);
  for (uint32_t slot = 0; slot < context.plan.header().slots; slot++) {
    close_fd(context.start.slots[slot]);
    context.start.slots[slot] = -1;
  }
  close_fd(context.own_fds);
  context.own_fds = -1;
  context.last_call = __NR_clone;
  return context.start.fork(context.start);
}

}  // namespace orlop::init
