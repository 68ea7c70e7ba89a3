#include "init/mounts.h"

#include "init/text.h"

namespace orlop::init {
namespace {

int Configure(Context& context, int filesystem, const Option* options, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (options[i].key == nullptr) continue;
    const int command = options[i].value == nullptr ? kFsconfigSetFlag : kFsconfigSetString;
    const long error = context.Call(__NR_fsconfig, filesystem, command, options[i].key, options[i].value, 0);
    if (error < 0) return static_cast<int>(error);
  }
  return static_cast<int>(context.Call(__NR_fsconfig, filesystem, kFsconfigCreate, nullptr, nullptr, 0));
}

int MakeDetached(Context& context, const char* type, const Option* options, uint32_t count, uint32_t attributes) {
  const auto filesystem = static_cast<int>(context.Call(__NR_fsopen, type, kFsopenCloexec));
  if (filesystem < 0) return filesystem;
  long tree = Configure(context, filesystem, options, count);
  if (tree == 0) tree = context.Call(__NR_fsmount, filesystem, kFsmountCloexec, attributes);
  Close(filesystem);
  return static_cast<int>(tree);
}

// The access times are one value of several bits: it is set only when the old value is cleared.
MountAttr Attributes(uint32_t set, uint32_t clear, unsigned long propagation) {
  return {set, (set & kAttrAtimeMask) != 0 ? clear | kAttrAtimeMask : clear, propagation, 0};
}

}  // namespace

int MakeFilesystem(Context& context, const char* type, const Option* options, uint32_t count, uint32_t attributes) {
  if (context.Detached()) return MakeDetached(context, type, options, count, attributes);
  Text<512> data;
  for (uint32_t i = 0; i < count; i++) {
    if (options[i].key == nullptr) continue;
    if (data.length() > 0) data.Add(',');
    data.Add(options[i].key);
    if (options[i].value != nullptr) data.Add('=').Add(options[i].value);
  }
  if (data.full()) return context.Refuse(E2BIG);
  return MountAtScratch(context, type, data.get(), attributes);
}

int CloneTree(Context& context, const Source& source, bool recursive, uint32_t set) {
  int tree;
  if (context.Detached()) {
    const int flags = kOpenTreeClone | O_CLOEXEC | kAtNoAutomount | source.lookup | (recursive ? kAtRecursive : 0);
    if (context.Has(kFeatureOpenTreeAttr)) {
      const MountAttr own = Attributes(set, 0, kMsPrivate);
      return static_cast<int>(context.Call(__NR_open_tree_attr, source.at, source.path, flags, &own, sizeof own));
    }
    tree = static_cast<int>(context.Call(__NR_open_tree, source.at, source.path, flags));
  } else {
    tree = CloneAtScratch(context, source, recursive);
  }
  if (tree < 0) return tree;
  const int error = SetAttributes(context, tree, set, 0, recursive, 1);
  if (error == 0) return tree;
  Close(tree);
  return error;
}

int SetAttributes(Context& context, int tree, uint32_t set, uint32_t clear, bool recursive, uint32_t propagation) {
  const unsigned long flag = PropagationFlag(propagation);
  if (propagation != 0 && flag == 0) return context.Refuse(EINVAL);
  if (!context.Has(kFeatureMountSetattr)) return Remount(context, tree, set, clear, recursive, propagation);
  const MountAttr attributes = Attributes(set, clear, flag);
  const int depth = recursive ? kAtRecursive : 0;
  return static_cast<int>(
      context.Call(__NR_mount_setattr, tree, "", kAtEmptyPath | depth, &attributes, sizeof attributes));
}

int MoveTree(Context& context, int tree, int target) {
  if (context.Detached()) {
    return static_cast<int>(context.Call(__NR_move_mount, tree, "", target, "", kMoveFromEmptyPath | kMoveToEmptyPath));
  }
  return static_cast<int>(
      context.Call(__NR_mount, FdPath(tree).get(), FdPath(target).get(), nullptr, kMsMove, nullptr));
}

unsigned long PropagationFlag(uint32_t mode) {
  switch (mode) {
    case 1:
      return kMsPrivate;
    case 2:
      return kMsSlave;
    case 3:
      return kMsShared;
    default:
      return 0;
  }
}

}  // namespace orlop::init
