#include "init/mounts.h"

#include "init/text.h"

namespace orlop::init {
namespace {

int configure(Context& context, int filesystem, const Option* options, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (options[i].key == nullptr) continue;
    const int command = options[i].value == nullptr ? kFsconfigSetFlag : kFsconfigSetString;
    const long error = context.call(__NR_fsconfig, filesystem, command, options[i].key, options[i].value, 0);
    if (error < 0) return static_cast<int>(error);
  }
  return static_cast<int>(context.call(__NR_fsconfig, filesystem, kFsconfigCreate, nullptr, nullptr, 0));
}

int make_detached(Context& context, const char* type, const Option* options, uint32_t count, uint32_t attributes) {
  const auto filesystem = static_cast<int>(context.call(__NR_fsopen, type, kFsopenCloexec));
  if (filesystem < 0) return filesystem;
  long mount = configure(context, filesystem, options, count);
  if (mount == 0) mount = context.call(__NR_fsmount, filesystem, kFsmountCloexec, attributes);
  close_fd(filesystem);
  return static_cast<int>(mount);
}

// The access time is one value of several bits: it is set only if the old value is cleared.
MountAttr attributes_for(uint32_t set, uint32_t clear, unsigned long propagation) {
  return {set, (set & kAttrAtimeMask) != 0 ? clear | kAttrAtimeMask : clear, propagation, 0};
}

}  // namespace

int make_filesystem(Context& context, const char* type, const Option* options, uint32_t count, uint32_t attributes) {
  if (context.detached()) return make_detached(context, type, options, count, attributes);
  Text<512> data;
  for (uint32_t i = 0; i < count; i++) {
    if (options[i].key == nullptr) continue;
    if (data.length() > 0) data.add(',');
    data.add(options[i].key);
    if (options[i].value != nullptr) data.add('=').add(options[i].value);
  }
  if (data.full()) return context.refuse(E2BIG);
  return mount_at_scratch(context, type, data.get(), attributes);
}

int clone_mount(Context& context, const Source& source, bool recursive, uint32_t set) {
  int mount;
  if (context.detached()) {
    const int flags = kOpenTreeClone | O_CLOEXEC | kAtNoAutomount | source.lookup | (recursive ? kAtRecursive : 0);
    if (context.has(kFeatureOpenTreeAttr)) {
      const MountAttr own = attributes_for(set, 0, kMsPrivate);
      return static_cast<int>(context.call(__NR_open_tree_attr, source.at, source.path, flags, &own, sizeof own));
    }
    mount = static_cast<int>(context.call(__NR_open_tree, source.at, source.path, flags));
  } else {
    mount = clone_at_scratch(context, source, recursive);
  }
  if (mount < 0) return mount;
  const int error = set_attributes(context, mount, set, 0, recursive, 1);
  if (error == 0) return mount;
  close_fd(mount);
  return error;
}

int set_attributes(Context& context, int mount, uint32_t set, uint32_t clear, bool recursive, uint32_t propagation) {
  const unsigned long flag = propagation_flag(propagation);
  if (propagation != 0 && flag == 0) return context.refuse(EINVAL);
  if (!context.has(kFeatureMountSetattr)) return remount(context, mount, set, clear, recursive, propagation);
  const MountAttr attributes = attributes_for(set, clear, flag);
  const int depth = recursive ? kAtRecursive : 0;
  return static_cast<int>(
      context.call(__NR_mount_setattr, mount, "", kAtEmptyPath | depth, &attributes, sizeof attributes));
}

int move_onto(Context& context, int mount, int target) {
  if (context.detached()) {
    return static_cast<int>(
        context.call(__NR_move_mount, mount, "", target, "", kMoveFromEmptyPath | kMoveToEmptyPath));
  }
  return static_cast<int>(
      context.call(__NR_mount, FdPath(mount).get(), FdPath(target).get(), nullptr, kMsMove, nullptr));
}

unsigned long propagation_flag(uint32_t mode) {
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
