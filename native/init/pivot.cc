// The change of the root: after it, the host is not reachable.
#include "init/ops.h"

namespace orlop::init {

int execute(Context& context, const plan::op::Pivot&) {
  if (context.rootfs < 0) return context.refuse(EBADF);
  const auto old_root = static_cast<int>(context.call(__NR_openat, kAtCwd, "/", kPath | O_DIRECTORY, 0));
  if (old_root < 0) return old_root;
  // With the same directory for both arguments, no directory of the image is needed: the old root is stacked on the new
  // one.
  long error = context.call(__NR_fchdir, context.rootfs);
  if (error == 0) error = context.call(__NR_pivot_root, ".", ".");
  if (error == 0) error = context.call(__NR_fchdir, old_root);
  // Otherwise the unmount would propagate to the host if its mounts are shared. A slave receives, and sends nothing.
  if (error == 0) error = context.call(__NR_mount, nullptr, ".", nullptr, kMsSlave | kMsRecursive, nullptr);
  if (error == 0) error = context.call(__NR_umount2, ".", kMntDetach);
  if (error == 0) error = context.call(__NR_chdir, "/");
  close_fd(old_root);
  context.pivoted = error == 0;
  return static_cast<int>(error);
}

}  // namespace orlop::init
