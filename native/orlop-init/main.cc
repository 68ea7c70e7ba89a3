#include "orlop-init/main.h"

#include <linux/prctl.h>

#include "init/syscalls.h"
#include "init/text.h"

namespace orlop::helper {

void leave(int status) {
  for (;;) init::system_call(__NR_exit_group, status);
}

}  // namespace orlop::helper

void orlop_init_main(const long* stack) {
  using orlop::init::same_text;
  // From its first moment on nobody but root looks into it or its descriptors.
  orlop::init::system_call(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  // Where it was executed by a descriptor, the kernel has named it by that.
  orlop::init::system_call(__NR_prctl, PR_SET_NAME, "orlop-init", 0, 0, 0);
  const long count = stack[0];
  const auto* arguments = reinterpret_cast<const char* const*>(stack + 1);
  if (count == 2 && same_text(arguments[1], "member")) orlop::helper::run_member();
  orlop::helper::leave(2);
}
