#include "orlop-init/main.h"

#include <linux/prctl.h>

#include "init/syscalls.h"
#include "init/text.h"

namespace orlop::orlop_init {

void leave(int status) {
  for (;;) init::system_call(__NR_exit_group, status);
}

}  // namespace orlop::orlop_init

void orlop_init_main(const long* stack) {
  using orlop::init::same_text;
  // From now on only root can read its memory and its descriptors.
  orlop::init::system_call(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  // After execveat(2) the kernel has set the name to the number of the descriptor.
  orlop::init::system_call(__NR_prctl, PR_SET_NAME, "orlop-init", 0, 0, 0);
  const long count = stack[0];
  const auto* arguments = reinterpret_cast<const char* const*>(stack + 1);
  if (count == 2 && same_text(arguments[1], "wait")) orlop::orlop_init::run_waiting_container();
  if (count == 2 && same_text(arguments[1], "guard")) orlop::orlop_init::run_guard();
  if (count == 2 && same_text(arguments[1], "enter")) orlop::orlop_init::run_entering();
  orlop::orlop_init::leave(2);
}
