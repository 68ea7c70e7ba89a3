// The change of the root: the moment at which the host disappears.
#include "init/ops.h"
#include "init/text.h"

namespace orlop::init {
namespace {

// A directory outside of the root is shown as "(unreachable)/…".
int check_inside(Context& context, const char* expected) {
  Text<kPathMax> path;
  const long length = context.call(__NR_getcwd, path.data(), kPathMax);
  if (length < 0) return static_cast<int>(length);
  return same_text(path.get(), expected) ? 0 : context.refuse(EXDEV);
}

}  // namespace

int execute(Context& context, const plan::op::Pivot&) {
  if (context.rootfs < 0) return context.refuse(EBADF);
  const auto old_root = static_cast<int>(context.call(__NR_openat, kAtCwd, "/", kPath | O_DIRECTORY, 0));
  if (old_root < 0) return old_root;
  // With one place for both, no directory of the image is needed: the old root comes to lie on the new one.
  long error = context.call(__NR_fchdir, context.rootfs);
  if (error == 0) error = context.call(__NR_pivot_root, ".", ".");
  if (error == 0) error = context.call(__NR_fchdir, old_root);
  // Without this the detachment would travel to the host where its mounts are shared; a slave gets, and sends nothing.
  if (error == 0) error = context.call(__NR_mount, nullptr, ".", nullptr, kMsSlave | kMsRecursive, nullptr);
  if (error == 0) error = context.call(__NR_umount2, ".", kMntDetach);
  if (error == 0) error = context.call(__NR_chdir, "/");
  close_fd(old_root);
  if (error < 0) return static_cast<int>(error);
  context.pivoted = true;
  return check_inside(context, "/");
}

}  // namespace orlop::init
