// Operations that put trees in their places, before the root is changed.
#include "init/directly.h"
#include "init/mounts.h"
#include "init/ops.h"
#include "init/resolve.h"
#include "init/text.h"

namespace orlop::init {
namespace {

// Kinds of mount points.
inline constexpr uint32_t kDirectory = 0;
inline constexpr uint32_t kFile = 1;
inline constexpr uint32_t kPlainDirectory = 2;

int TreeOf(Context& context, uint32_t slot) {
  const int tree = context.Slot(slot);
  return tree < 0 ? context.Refuse(-tree) : tree;
}

int RootOf(Context& context) { return context.rootfs < 0 ? context.Refuse(EBADF) : context.rootfs; }

bool SameFile(const struct statx& one, const struct statx& other) {
  return one.stx_ino == other.stx_ino && one.stx_dev_major == other.stx_dev_major &&
         one.stx_dev_minor == other.stx_dev_minor;
}

// Nothing but procfs goes on procfs: what is written below /proc must reach the kernel, not a file of a volume.
int CheckNotOnProc(Context& context, int tree, int target) {
  const int target_on_proc = OnProc(context, target);
  if (target_on_proc <= 0) return target_on_proc;
  const int tree_on_proc = OnProc(context, tree);
  if (tree_on_proc < 0) return tree_on_proc;
  return tree_on_proc == 1 ? 0 : context.Refuse(EPERM);
}

// A directory is mounted on a directory, a file on what is no directory; never on the root itself.
int CheckTarget(Context& context, int tree, int target, uint32_t kind) {
  struct statx there;
  struct statx& top = context.top;
  int error = Stat(context, target, &there);
  if (error == 0 && top.stx_mask == 0) error = Stat(context, context.rootfs, &top);
  if (error != 0) return error;
  if (kind != kFile && !IsDirectory(there)) return context.Refuse(ENOTDIR);
  if (kind == kFile && IsDirectory(there)) return context.Refuse(EISDIR);
  if (SameFile(there, top)) return context.Refuse(EINVAL);
  // The union is no procfs. Kernels before 5.8 do not tell mounts apart.
  const bool told = (there.stx_mask & top.stx_mask & STATX_MNT_ID) != 0;
  return told && there.stx_mnt_id == top.stx_mnt_id ? 0 : CheckNotOnProc(context, tree, target);
}

// Clones, with what is mounted below so that it stays to be seen, makes read-only, attaches on the target.
int Cover(Context& context, const Source& source, int target, uint32_t attributes, bool recursive) {
  const int tree = CloneTree(context, source, true, recursive ? attributes : 0);
  if (tree < 0) return tree;
  int error = recursive ? 0 : SetAttributes(context, tree, attributes, 0, false, 0);
  if (error == 0) error = MoveTree(context, tree, target);
  Close(tree);
  return error;
}

bool IsMissing(int error) { return error == -ENOENT || error == -ENOTDIR; }

}  // namespace

int Execute(Context& context, const plan::op::Attributes& op) {
  const int tree = TreeOf(context, op.tree);
  if (tree < 0) return tree;
  return SetAttributes(context, tree, op.set, op.clear, op.recursive != 0, op.propagation);
}

int Execute(Context& context, const plan::op::Root& op) {
  const int tree = TreeOf(context, op.tree);
  if (tree < 0) return tree;
  long error;
  if (context.Has(kFeatureMountApi)) {
    error = context.Call(__NR_move_mount, tree, "", kAtCwd, op.at, kMoveFromEmptyPath);
  } else {
    error = context.Call(__NR_mount, FdPath(tree).get(), op.at, nullptr, kMsMove, nullptr);
  }
  if (error < 0) return static_cast<int>(error);
  context.rootfs = tree;
  return 0;
}

int Execute(Context& context, const plan::op::Attach& op) {
  const int tree = TreeOf(context, op.tree);
  if (tree < 0) return tree;
  const int root = RootOf(context);
  if (root < 0) return root;
  if (op.kind > kPlainDirectory) return context.Refuse(EINVAL);
  if (op.kind != kFile && AttachDirectly(context, tree, op)) return 0;
  ForgetParent(context);
  const Missing made = op.kind == kFile ? Missing::kMakeFile : Missing::kMakeDirectory;
  const Links links = op.kind == kPlainDirectory ? Links::kRefuse : Links::kFollow;
  const int target = Resolve(context, root, op.target, op.create != 0 ? made : Missing::kFail, links);
  if (target < 0) return target;
  int error = CheckTarget(context, tree, target, op.kind);
  if (error == 0) error = MoveTree(context, tree, target);
  Close(target);
  return error;
}

int Execute(Context& context, const plan::op::Mask& op) {
  const int scratch = TreeOf(context, op.scratch);
  if (scratch < 0) return scratch;
  const int root = RootOf(context);
  if (root < 0) return root;
  const int target = Resolve(context, root, op.target, Missing::kFail);
  if (target < 0) return IsMissing(target) ? 0 : target;
  struct statx facts;
  int error = Stat(context, target, &facts);
  if (error == 0) {
    const Source cover = {scratch, IsDirectory(facts) ? "empty" : "null", kAtSymlinkNofollow};
    error = Cover(context, cover, target, kAttrReadonly | kAttrNosuid | kAttrNoexec, true);
  }
  Close(target);
  return error;
}

int Execute(Context& context, const plan::op::Readonly& op) {
  const int root = RootOf(context);
  if (root < 0) return root;
  const bool recursive = op.recursive != 0;
  if (op.target != nullptr && Same(op.target, "/")) return SetAttributes(context, root, kAttrReadonly, 0, recursive, 0);
  const int target = Resolve(context, root, op.target, Missing::kFail);
  if (target < 0) return IsMissing(target) ? 0 : target;
  struct statx facts;
  int error = Stat(context, target, &facts);
  if (error == 0 && (facts.stx_attributes & kAttributeMountRoot) != 0) {
    // A mount of its own is changed where it is: a copy on top would hide what is mounted below it.
    error = SetAttributes(context, target, kAttrReadonly, 0, recursive, 0);
  } else if (error == 0) {
    error = Cover(context, Itself(target), target, kAttrReadonly, recursive);
  }
  Close(target);
  return error;
}

}  // namespace orlop::init
