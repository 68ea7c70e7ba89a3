// The change of the root: the moment at which the host disappears.
#include "init/ops.h"
#include "init/text.h"

namespace orlop::init {
namespace {

// A directory outside of the root is shown as "(unreachable)/…".
int CheckInside(Context& context, const char* expected) {
  Text<kPathMax> path;
  const long length = context.Call(__NR_getcwd, path.data(), kPathMax);
  if (length < 0) return static_cast<int>(length);
  return Same(path.get(), expected) ? 0 : context.Refuse(EXDEV);
}

}  // namespace

int Execute(Context& context, const plan::op::Pivot&) {
  if (context.rootfs < 0) return context.Refuse(EBADF);
  const auto old_root = static_cast<int>(context.Call(__NR_openat, kAtCwd, "/", kPath | O_DIRECTORY, 0));
  if (old_root < 0) return old_root;
  // With one place for both, no directory of the image is needed: the old root comes to lie on the new one.
  long error = context.Call(__NR_fchdir, context.rootfs);
  if (error == 0) error = context.Call(__NR_pivot_root, ".", ".");
  if (error == 0) error = context.Call(__NR_fchdir, old_root);
  // Without this the detachment would travel to the host where its mounts are shared; a slave gets, and sends nothing.
  if (error == 0) error = context.Call(__NR_mount, nullptr, ".", nullptr, kMsSlave | kMsRecursive, nullptr);
  if (error == 0) error = context.Call(__NR_umount2, ".", kMntDetach);
  if (error == 0) error = context.Call(__NR_chdir, "/");
  Close(old_root);
  if (error < 0) return static_cast<int>(error);
  context.pivoted = true;
  return CheckInside(context, "/");
}

}  // namespace orlop::init
