#include "init/directly.h"

#include "init/text.h"

namespace orlop::init {
namespace {

// Length of the target's directory, 0 for the root; -1 if the target is not `/name/name` with names that stay below
// their directory.
int length_of_parent(const char* target) {
  if (*target != '/') return -1;
  int parent = -1;
  const char* name = target;
  for (const char* letter = target;; letter++) {
    if (*letter != '/' && *letter != 0) continue;
    const bool empty = letter == name && letter != target;
    const bool dots =
        starts_with(name, "./") || starts_with(name, "../") || same_text(name, ".") || same_text(name, "..");
    if (empty || dots) return -1;
    if (*letter == 0) return parent;
    parent = static_cast<int>(letter - target);
    name = letter + 1;
  }
}

bool is_known(const Parent& known, const char* path, int length) {
  if (known.path == nullptr || known.length != length) return false;
  for (int i = 0; i < length; i++) {
    if (known.path[i] != path[i]) return false;
  }
  return true;
}

// Opens without links and mounts on the path, whatever the image contains.
int open_parent(int root, const char* target, int length) {
  Text<kPathMax> path;
  path.add(target, static_cast<size_t>(length));
  const OpenHow how = {static_cast<uint64_t>(kPath | O_DIRECTORY), 0,
                       kResolveInRoot | kResolveNoSymlinks | kResolveNoXdev};
  return path.full() ? -ENAMETOOLONG : static_cast<int>(system_call(__NR_openat2, root, path.get(), &how, sizeof how));
}

// Directory of the target, kept for the next target in it; negative without one.
int parent_of(Context& context, const char* target, int length) {
  if (length == 0) return context.rootfs;
  Parent& known = context.parent;
  if (!is_known(known, target, length)) {
    close_fd(known.fd);
    known = {target, length, open_parent(context.rootfs, target, length)};
  }
  return known.fd;
}

}  // namespace

bool attach_directly(Context& context, int mount, const plan::op::Attach& op) {
  const char* target = op.target;
  if (target == nullptr || !context.whole || !context.detached() || !context.has(kFeatureOpenat2)) return false;
  // At or below the target of procfs, `attach` checks what it covers.
  const bool on_proc = context.proc_target != nullptr && same_text(context.proc_target, target);
  if (op.mount == context.proc) context.proc_target = target;
  const int length = on_proc ? -1 : length_of_parent(target);
  if (length < 0) return false;
  const int parent = parent_of(context, target, length);
  if (parent < 0) return false;
  // One name below its directory, without links, cannot lead elsewhere. Only a directory takes a directory.
  return system_call(__NR_move_mount, mount, "", parent, target + length + 1, kMoveFromEmptyPath) == 0;
}

void forget_parent(Context& context) {
  close_fd(context.parent.fd);
  context.parent = {};
}

}  // namespace orlop::init
