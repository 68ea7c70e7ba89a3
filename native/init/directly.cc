#include "init/directly.h"

#include "init/text.h"

namespace orlop::init {
namespace {

// Length of the target's directory, 0 for the root's; -1 where the target is not `/name/name` with names that stay
// below their directory.
int LengthOfParent(const char* target) {
  if (*target != '/') return -1;
  int parent = -1;
  const char* name = target;
  for (const char* letter = target;; letter++) {
    if (*letter != '/' && *letter != 0) continue;
    const bool empty = letter == name && letter != target;
    const bool dots = StartsWith(name, "./") || StartsWith(name, "../") || Same(name, ".") || Same(name, "..");
    if (empty || dots) return -1;
    if (*letter == 0) return parent;
    parent = static_cast<int>(letter - target);
    name = letter + 1;
  }
}

bool IsKnown(const Parent& known, const char* path, int length) {
  if (known.path == nullptr || known.length != length) return false;
  for (int i = 0; i < length; i++) {
    if (known.path[i] != path[i]) return false;
  }
  return true;
}

// Neither a link nor a mount on the way: what is found is where its path says, whatever the image holds.
int OpenParent(int root, const char* target, int length) {
  Text<kPathMax> path;
  path.Add(target, static_cast<size_t>(length));
  const OpenHow how = {static_cast<uint64_t>(kPath | O_DIRECTORY), 0,
                       kResolveInRoot | kResolveNoSymlinks | kResolveNoXdev};
  return path.full() ? -ENAMETOOLONG : static_cast<int>(Syscall(__NR_openat2, root, path.get(), &how, sizeof how));
}

// Its directory, kept for the next target in it; negative where there is none such.
int ParentOf(Context& context, const char* target, int length) {
  if (length == 0) return context.rootfs;
  Parent& known = context.parent;
  if (!IsKnown(known, target, length)) {
    Close(known.fd);
    known = {target, length, OpenParent(context.rootfs, target, length)};
  }
  return known.fd;
}

}  // namespace

bool AttachDirectly(Context& context, int tree, const plan::op::Attach& op) {
  const char* target = op.target;
  if (target == nullptr || !context.whole || !context.Detached() || !context.Has(kFeatureOpenat2)) return false;
  // Where the procfs is, or will be in a moment, the general way sees what it would cover.
  const bool on_proc = context.proc_target != nullptr && Same(context.proc_target, target);
  if (op.tree == context.proc) context.proc_target = target;
  const int length = on_proc ? -1 : LengthOfParent(target);
  if (length < 0) return false;
  const int parent = ParentOf(context, target, length);
  if (parent < 0) return false;
  // One name below its directory, and no link is followed: it leads nowhere else, and only a directory takes a
  // directory.
  return Syscall(__NR_move_mount, tree, "", parent, target + length + 1, kMoveFromEmptyPath) == 0;
}

void ForgetParent(Context& context) {
  Close(context.parent.fd);
  context.parent = {};
}

}  // namespace orlop::init
