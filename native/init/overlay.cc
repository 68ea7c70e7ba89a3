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

int set_option(Context& context, int filesystem, const char* key, const char* value) {
  const int command = value == nullptr ? kFsconfigSetFlag : kFsconfigSetString;
  return static_cast<int>(context.call(__NR_fsconfig, filesystem, command, key, value, 0));
}

bool has_backslash(const char* path) {
  while (*path != 0 && *path != '\\') path++;
  return *path != 0;
}

// The kernel walks the path during this call. So the name of a descriptor can replace a long path, or a path with a
// backslash, which the kernel drops in some options and keeps in others.
int set_path(Context& context, int filesystem, const char* key, const char* path) {
  if (length_of(path) < kConfigString && !has_backslash(path)) return set_option(context, filesystem, key, path);
  const auto fd = static_cast<int>(context.call(__NR_openat, kAtCwd, path, kPath | O_DIRECTORY, 0));
  if (fd < 0) return fd;
  const int error = set_option(context, filesystem, key, FdPath(fd).get());
  close_fd(fd);
  return error;
}

int set_options(Context& context, int filesystem, const plan::op::Overlay& op) {
  int error = set_option(context, filesystem, "source", "overlay");
  for (uint32_t i = 0; error == 0 && i < op.layers.count; i++) {
    error = set_path(context, filesystem, "lowerdir+", op.layers[i]);
  }
  if (error == 0 && op.upper != nullptr) error = set_path(context, filesystem, "upperdir", op.upper);
  if (error == 0 && op.upper != nullptr) error = set_path(context, filesystem, "workdir", op.work);
  if (error == 0) error = set_option(context, filesystem, "redirect_dir", "nofollow");
  if (error == -EINVAL) error = set_option(context, filesystem, "redirect_dir", "off");
  for (const Option& option : kFixed) {
    if (error == 0) error = set_option(context, filesystem, option.key, option.value);
  }
  if (error == 0 && (op.options & kVolatile) != 0 && op.upper != nullptr) {
    error = set_option(context, filesystem, "volatile", nullptr);
  }
  if (error == 0 && (op.options & kUserxattr) != 0) error = set_option(context, filesystem, "userxattr", nullptr);
  return error;
}

int make_detached_overlay(Context& context, const plan::op::Overlay& op) {
  const auto filesystem = static_cast<int>(context.call(__NR_fsopen, "overlay", kFsopenCloexec));
  if (filesystem < 0) return filesystem;
  long mount = set_options(context, filesystem, op);
  if (mount == 0) mount = context.call(__NR_fsconfig, filesystem, kFsconfigCreate, nullptr, nullptr, 0);
  if (mount == 0) mount = context.call(__NR_fsmount, filesystem, kFsmountCloexec, op.attributes);
  close_fd(filesystem);
  return static_cast<int>(mount);
}

using Options = Text<kOptionPage>;

void add_path(Options& options, const char* path, bool layer) {
  for (; *path != 0; path++) {
    if (*path == '\\' || *path == ',' || (layer && *path == ':')) options.add('\\');
    options.add(*path);
  }
}

// Before 6.8 the layers are one string in one page.
[[gnu::noinline]] int make_overlay_by_string(Context& context, const plan::op::Overlay& op) {
  Options options;
  options.add("lowerdir=");
  for (uint32_t i = 0; i < op.layers.count; i++) {
    if (i > 0) options.add(':');
    add_path(options, op.layers[i], true);
  }
  if (op.upper != nullptr) {
    add_path(options.add(",upperdir="), op.upper, false);
    add_path(options.add(",workdir="), op.work, false);
  }
  for (const Option& option : kFixed) options.add(',').add(option.key).add('=').add(option.value);
  if ((op.options & kVolatile) != 0 && op.upper != nullptr) options.add(",volatile");
  if ((op.options & kUserxattr) != 0) options.add(",userxattr");
  const size_t length = options.length();
  options.add(",redirect_dir=nofollow");
  if (options.full()) return context.refuse(E2BIG);
  int mount = mount_at_scratch(context, "overlay", options.get(), op.attributes);
  if (mount != -EINVAL) return mount;
  options.truncate(length);
  return mount_at_scratch(context, "overlay", options.add(",redirect_dir=off").get(), op.attributes);
}

// overlayfs takes one layer only together with an upper directory; alone, a read-only bind of it is the same thing.
int bind_layer(Context& context, const plan::op::Overlay& op) {
  const auto layer = static_cast<int>(context.call(__NR_openat, kAtCwd, op.layers[0], kPath | O_DIRECTORY, 0));
  if (layer < 0) return layer;
  const int mount = clone_mount(context, itself(layer), false, 0);
  close_fd(layer);
  if (mount < 0) return mount;
  const int error = set_attributes(context, mount, op.attributes | kAttrReadonly, 0, false, 0);
  if (error == 0) return mount;
  close_fd(mount);
  return error;
}

}  // namespace

int execute(Context& context, const plan::op::Overlay& op) {
  if (op.layers.count == 0 || (op.upper != nullptr && op.work == nullptr)) return context.refuse(EINVAL);
  if (op.upper == nullptr && op.layers.count == 1) return context.fill(op.mount, bind_layer(context, op));
  if (context.detached() && context.has(kFeatureLowerdirAppend)) {
    return context.fill(op.mount, make_detached_overlay(context, op));
  }
  return context.fill(op.mount, make_overlay_by_string(context, op));
}

}  // namespace orlop::init
