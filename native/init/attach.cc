// Operations that attach mounts, before the change of the root.
#include "init/directly.h"
#include "init/mounts.h"
#include "init/ops.h"
#include "init/resolve.h"
#include "init/text.h"

namespace orlop::init {
namespace {

// Kinds of mount points; 0: a directory, also behind a link. A file of /proc is one of those that the caller knows to
// tell about the machine only.
inline constexpr uint32_t kFile = 1;
inline constexpr uint32_t kPlainDirectory = 2;
inline constexpr uint32_t kFileOfProc = 3;

bool is_file(uint32_t kind) { return kind == kFile || kind == kFileOfProc; }

int mount_of(Context& context, uint32_t slot) {
  const int mount = context.slot(slot);
  return mount < 0 ? context.refuse(-mount) : mount;
}

int root_of(Context& context) { return context.rootfs < 0 ? context.refuse(EBADF) : context.rootfs; }

bool same_file(const struct statx& one, const struct statx& other) {
  return one.stx_ino == other.stx_ino && one.stx_dev_major == other.stx_dev_major &&
         one.stx_dev_minor == other.stx_dev_minor;
}

// Only procfs is attached on procfs: what is written below /proc must reach the kernel, not a file of a volume.
int check_not_on_proc(Context& context, int mount, int target) {
  const int target_on_proc = lies_on_proc(context, target);
  if (target_on_proc <= 0) return target_on_proc;
  const int mount_on_proc = lies_on_proc(context, mount);
  if (mount_on_proc < 0) return mount_on_proc;
  return mount_on_proc == 1 ? 0 : context.refuse(EPERM);
}

// A directory is attached on a directory, a file on another kind of file, and nothing on the root.
int check_target(Context& context, int mount, int target, uint32_t kind) {
  struct statx there;
  struct statx& top = context.top;
  int error = stat_fd(context, target, &there);
  if (error == 0 && top.stx_mask == 0) error = stat_fd(context, context.rootfs, &top);
  if (error != 0) return error;
  if (!is_file(kind) && !is_directory(there)) return context.refuse(ENOTDIR);
  if (is_file(kind) && is_directory(there)) return context.refuse(EISDIR);
  if (same_file(there, top)) return context.refuse(EINVAL);
  if (kind == kFileOfProc) return 0;
  // The union is no procfs. Kernels before 5.8 do not report the mount.
  const bool told = (there.stx_mask & top.stx_mask & STATX_MNT_ID) != 0;
  return told && there.stx_mnt_id == top.stx_mnt_id ? 0 : check_not_on_proc(context, mount, target);
}

// Attaches a mount at a path of the mount namespace that the change of the root leaves.
int move_to(Context& context, int mount, const char* at) {
  if (context.has(kFeatureMountApi)) {
    return static_cast<int>(context.call(__NR_move_mount, mount, "", kAtCwd, at, kMoveFromEmptyPath));
  }
  return static_cast<int>(context.call(__NR_mount, FdPath(mount).get(), at, nullptr, kMsMove, nullptr));
}

// Clones the target with the mounts below it, makes the clone read-only, and attaches it on the target.
int cover(Context& context, const Source& source, int target, uint32_t attributes, bool recursive) {
  const int mount = clone_mount(context, source, true, recursive ? attributes : 0);
  if (mount < 0) return mount;
  int error = recursive ? 0 : set_attributes(context, mount, attributes, 0, false, 0);
  if (error == 0) error = move_onto(context, mount, target);
  close_fd(mount);
  return error;
}

bool is_missing(int error) { return error == -ENOENT || error == -ENOTDIR; }

}  // namespace

int execute(Context& context, const plan::op::Attributes& op) {
  const int mount = mount_of(context, op.mount);
  if (mount < 0) return mount;
  return set_attributes(context, mount, op.set, op.clear, op.recursive != 0, op.propagation);
}

int execute(Context& context, const plan::op::Idmap& op) {
  const int mount = mount_of(context, op.mount);
  if (mount < 0) return mount;
  const int range = context.slot(op.range);
  if (range < 0) return context.refuse(-range);
  const MountAttr attributes = {kAttrIdmap, 0, 0, static_cast<uint64_t>(range)};
  return static_cast<int>(
      context.call(__NR_mount_setattr, mount, "", kAtEmptyPath | kAtRecursive, &attributes, sizeof attributes));
}

int execute(Context& context, const plan::op::Place& op) {
  const int mount = mount_of(context, op.mount);
  return mount < 0 ? mount : move_to(context, mount, op.at);
}

int execute(Context& context, const plan::op::Root& op) {
  const int mount = mount_of(context, op.mount);
  if (mount < 0) return mount;
  if (const int error = move_to(context, mount, op.at); error < 0) return error;
  context.rootfs = mount;
  return 0;
}

int execute(Context& context, const plan::op::Attach& op) {
  const int mount = mount_of(context, op.mount);
  if (mount < 0) return mount;
  const int root = root_of(context);
  if (root < 0) return root;
  if (op.kind > kFileOfProc) return context.refuse(EINVAL);
  if (!is_file(op.kind) && attach_directly(context, mount, op)) return 0;
  forget_parent(context);
  const Missing made = is_file(op.kind) ? Missing::kMakeFile : Missing::kMakeDirectory;
  const Links links = op.kind >= kPlainDirectory ? Links::kRefuse : Links::kFollow;
  const int target = resolve(context, root, op.target, op.create != 0 ? made : Missing::kFail, links);
  if (target < 0) return target;
  int error = check_target(context, mount, target, op.kind);
  if (error == 0) error = move_onto(context, mount, target);
  close_fd(target);
  return error;
}

int execute(Context& context, const plan::op::Mask& op) {
  const int scratch = mount_of(context, op.scratch);
  if (scratch < 0) return scratch;
  const int root = root_of(context);
  if (root < 0) return root;
  const int target = resolve(context, root, op.target, Missing::kFail);
  if (target < 0) return is_missing(target) ? 0 : target;
  struct statx facts;
  int error = stat_fd(context, target, &facts);
  if (error == 0) {
    const Source source = {scratch, is_directory(facts) ? "empty" : "null", kAtSymlinkNofollow};
    error = cover(context, source, target, kAttrReadonly | kAttrNosuid | kAttrNoexec, true);
  }
  close_fd(target);
  return error;
}

int execute(Context& context, const plan::op::Readonly& op) {
  const int root = root_of(context);
  if (root < 0) return root;
  const bool recursive = op.recursive != 0;
  if (op.target != nullptr && same_text(op.target, "/"))
    return set_attributes(context, root, kAttrReadonly, 0, recursive, 0);
  const int target = resolve(context, root, op.target, Missing::kFail);
  if (target < 0) return is_missing(target) ? 0 : target;
  struct statx facts;
  int error = stat_fd(context, target, &facts);
  if (error == 0 && (facts.stx_attributes & kAttributeMountRoot) != 0) {
    // A mount is changed in place: a copy on top would hide the mounts below it.
    error = set_attributes(context, target, kAttrReadonly, 0, recursive, 0);
  } else if (error == 0) {
    error = cover(context, itself(target), target, kAttrReadonly, recursive);
  }
  close_fd(target);
  return error;
}

}  // namespace orlop::init
