// The union of the layers: the container's root filesystem.
#include "init/mounts.h"
#include "init/ops.h"
#include "init/text.h"

namespace orlop::init {
namespace {

inline constexpr uint32_t kVolatile = 1;
inline constexpr uint32_t kUserxattr = 2;
inline constexpr size_t kConfigString = 256;  // fsconfig's limit for a string, its NUL included
inline constexpr size_t kOptionPage = 4096;   // mount(2)'s limit for all options together

// `nofollow` before `off`: with `off`, a kernel built with REDIRECT_ALWAYS_FOLLOW still follows a hostile layer's
// redirects.
inline constexpr Option kFixed[] = {{"metacopy", "off"}, {"index", "off"}, {"xino", "off"}};

int Set(Context& context, int filesystem, const char* key, const char* value) {
  const int command = value == nullptr ? kFsconfigSetFlag : kFsconfigSetString;
  return static_cast<int>(context.Call(__NR_fsconfig, filesystem, command, key, value, 0));
}

bool HasBackslash(const char* path) {
  while (*path != 0 && *path != '\\') path++;
  return *path != 0;
}

// The kernel walks the path during this call, so a long one can stand as its descriptor's name; and one with a
// backslash, which it takes out of some of these options, and not of others.
int SetPath(Context& context, int filesystem, const char* key, const char* path) {
  if (Length(path) < kConfigString && !HasBackslash(path)) return Set(context, filesystem, key, path);
  const auto fd = static_cast<int>(context.Call(__NR_openat, kAtCwd, path, kPath | O_DIRECTORY, 0));
  if (fd < 0) return fd;
  const int error = Set(context, filesystem, key, FdPath(fd).get());
  Close(fd);
  return error;
}

int SetOptions(Context& context, int filesystem, const plan::op::Overlay& op) {
  int error = Set(context, filesystem, "source", "overlay");
  for (uint32_t i = 0; error == 0 && i < op.layers.count; i++) {
    error = SetPath(context, filesystem, "lowerdir+", op.layers[i]);
  }
  if (error == 0 && op.upper != nullptr) error = SetPath(context, filesystem, "upperdir", op.upper);
  if (error == 0 && op.upper != nullptr) error = SetPath(context, filesystem, "workdir", op.work);
  if (error == 0) error = Set(context, filesystem, "redirect_dir", "nofollow");
  if (error == -EINVAL) error = Set(context, filesystem, "redirect_dir", "off");
  for (const Option& option : kFixed) {
    if (error == 0) error = Set(context, filesystem, option.key, option.value);
  }
  if (error == 0 && (op.options & kVolatile) != 0 && op.upper != nullptr) {
    error = Set(context, filesystem, "volatile", nullptr);
  }
  if (error == 0 && (op.options & kUserxattr) != 0) error = Set(context, filesystem, "userxattr", nullptr);
  return error;
}

int MakeDetachedOverlay(Context& context, const plan::op::Overlay& op) {
  const auto filesystem = static_cast<int>(context.Call(__NR_fsopen, "overlay", kFsopenCloexec));
  if (filesystem < 0) return filesystem;
  long tree = SetOptions(context, filesystem, op);
  if (tree == 0) tree = context.Call(__NR_fsconfig, filesystem, kFsconfigCreate, nullptr, nullptr, 0);
  if (tree == 0) tree = context.Call(__NR_fsmount, filesystem, kFsmountCloexec, op.attributes);
  Close(filesystem);
  return static_cast<int>(tree);
}

using Options = Text<kOptionPage>;

void AddPath(Options& options, const char* path, bool layer) {
  for (; *path != 0; path++) {
    if (*path == '\\' || *path == ',' || (layer && *path == ':')) options.Add('\\');
    options.Add(*path);
  }
}

// Before 6.8 the layers are one string in one page.
[[gnu::noinline]] int MakeOverlayByString(Context& context, const plan::op::Overlay& op) {
  Options options;
  options.Add("lowerdir=");
  for (uint32_t i = 0; i < op.layers.count; i++) {
    if (i > 0) options.Add(':');
    AddPath(options, op.layers[i], true);
  }
  if (op.upper != nullptr) {
    AddPath(options.Add(",upperdir="), op.upper, false);
    AddPath(options.Add(",workdir="), op.work, false);
  }
  for (const Option& option : kFixed) options.Add(',').Add(option.key).Add('=').Add(option.value);
  if ((op.options & kVolatile) != 0 && op.upper != nullptr) options.Add(",volatile");
  if ((op.options & kUserxattr) != 0) options.Add(",userxattr");
  const size_t length = options.length();
  options.Add(",redirect_dir=nofollow");
  if (options.full()) return context.Refuse(E2BIG);
  int tree = MountAtScratch(context, "overlay", options.get(), op.attributes);
  if (tree != -EINVAL) return tree;
  options.Truncate(length);
  return MountAtScratch(context, "overlay", options.Add(",redirect_dir=off").get(), op.attributes);
}

// overlayfs takes one layer only together with an upper directory; alone, a read-only bind of it is the same thing.
int BindLayer(Context& context, const plan::op::Overlay& op) {
  const auto layer = static_cast<int>(context.Call(__NR_openat, kAtCwd, op.layers[0], kPath | O_DIRECTORY, 0));
  if (layer < 0) return layer;
  const int tree = CloneTree(context, Itself(layer), false, 0);
  Close(layer);
  if (tree < 0) return tree;
  const int error = SetAttributes(context, tree, op.attributes | kAttrReadonly, 0, false, 0);
  if (error == 0) return tree;
  Close(tree);
  return error;
}

}  // namespace

int Execute(Context& context, const plan::op::Overlay& op) {
  if (op.layers.count == 0 || (op.upper != nullptr && op.work == nullptr)) return context.Refuse(EINVAL);
  if (op.upper == nullptr && op.layers.count == 1) return context.Fill(op.tree, BindLayer(context, op));
  if (context.Detached() && context.Has(kFeatureLowerdirAppend)) {
    return context.Fill(op.tree, MakeDetachedOverlay(context, op));
  }
  return context.Fill(op.tree, MakeOverlayByString(context, op));
}

}  // namespace orlop::init
