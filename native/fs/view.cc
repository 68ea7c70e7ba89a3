#include "fs/view.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/pidfd.h"
#include "base/thread.h"
#include "fs/calls.h"
#include "init/run.h"

namespace orlop::fs {
namespace {

constexpr uint64_t kAttributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

struct Option {
  const char* key;
  const char* value;
};
// A hostile layer's redirects and metacopies lead to files of other layers, so nothing of the kind is followed
// ("off" still follows redirects; only "nofollow" does not).
constexpr Option kOptions[] = {
    {"redirect_dir", "nofollow"},
    {"metacopy", "off"},
    {"index", "off"},
    {"xino", "off"},
};

int fsconfig(int context, unsigned command, const char* key, const char* value) {
  return static_cast<int>(syscall(SYS_fsconfig, context, command, key, value, 0));
}

// Layers are named to the kernel by their descriptors: no name is resolved twice, `:` and `,` in a name mean nothing,
// and 256 bytes (the limit of an option) are always enough.
Failure open_layers(const std::vector<std::string>& layers, std::vector<UniqueFd>* opened) {
  for (const std::string& layer : layers) {
    opened->emplace_back(open(layer.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!opened->back()) return failed("open", layer);
  }
  return {};
}

Failure open_top(int mount, UniqueFd* view) {
  *view = reopen_directory(mount);  // what fsmount and open_tree give is O_PATH: nothing can be read through it
  return *view ? Failure{} : failed("openat");
}

// Opens a copy of a mount, read-only, without the mounts on it. The path is relative to the directory; empty: itself.
Failure clone_mount(int directory, const char* relative, const std::string& path, UniqueFd* view) {
  constexpr unsigned kFlags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
  UniqueFd mount(static_cast<int>(syscall(SYS_open_tree, directory, relative, kFlags)));
  // In the mount namespace of a user namespace, the mounts are locked on those below them, and are copied together or
  // not at all.
  unsigned recursive = 0;
  if (!mount && errno == EINVAL) {
    recursive = AT_RECURSIVE;
    mount.reset(static_cast<int>(syscall(SYS_open_tree, directory, relative, kFlags | recursive)));
  }
  if (!mount) return failed("open_tree", path);
  struct mount_attr attributes{};
  attributes.attr_set = kAttributes;
  attributes.propagation = MS_PRIVATE;
  if (syscall(SYS_mount_setattr, mount.get(), "", AT_EMPTY_PATH | recursive, &attributes, sizeof(attributes)) != 0) {
    return failed("mount_setattr", path);
  }
  return open_top(mount.get(), view);
}

Failure overlay(const std::vector<UniqueFd>& layers, const std::vector<std::string>& paths, Marks marks,
                UniqueFd* view) {
  UniqueFd context(static_cast<int>(syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC)));
  if (!context) return failed("fsopen", "overlay");
  if (fsconfig(context.get(), FSCONFIG_SET_STRING, "source", "orlop") != 0) return failed("fsconfig", "source");
  for (const Option& option : kOptions) {
    if (fsconfig(context.get(), FSCONFIG_SET_STRING, option.key, option.value) != 0) {
      return failed("fsconfig", option.key);
    }
  }
  if (marks == Marks::kUser && fsconfig(context.get(), FSCONFIG_SET_FLAG, "userxattr", nullptr) != 0) {
    return failed("fsconfig", "userxattr");
  }
  for (size_t i = 0; i < layers.size(); i++) {
    std::string path = descriptor_path(layers[i].get());
    if (fsconfig(context.get(), FSCONFIG_SET_STRING, "lowerdir+", path.c_str()) != 0)
      return failed("fsconfig", paths[i]);
  }
  if (fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr) != 0) return failed("fsconfig", paths[0]);
  UniqueFd mount(static_cast<int>(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, kAttributes)));
  if (!mount) return failed("fsmount", paths[0]);
  return open_top(mount.get(), view);
}

std::string option_page(const std::vector<UniqueFd>& layers, Marks marks) {
  std::string options;
  for (const Option& option : kOptions) options += std::string(option.key) + "=" + option.value + ",";
  if (marks == Marks::kUser) options += "userxattr,";
  options += "lowerdir=";
  for (const UniqueFd& layer : layers) options += std::to_string(layer.get()) + ":";
  options.pop_back();
  return options;
}

// Mounts a single layer, read-only, on itself.
Failure bind_layer(int layer, const std::string& path, unsigned long flags) {
  std::string source = descriptor_path(layer);
  if (mount(source.c_str(), source.c_str(), nullptr, MS_BIND, nullptr) != 0) return failed("mount", path);
  UniqueFd top(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top) return failed("open", path);
  std::string target = descriptor_path(top.get());
  if (mount(nullptr, target.c_str(), nullptr, MS_REMOUNT | MS_BIND | flags, nullptr) != 0) return failed("mount", path);
  return {};
}

// The names in the string are relative to procfs's list of descriptors: 500 layers fit into the 4 kB page.
Failure mount_overlay(const std::vector<UniqueFd>& layers, const std::string& path, Marks marks, unsigned long flags) {
  std::string options = option_page(layers, marks);
  if (options.size() >= 4096) return {E2BIG, "mount", path};
  if (chdir("/proc/self/fd") != 0) return failed("chdir", "/proc/self/fd");
  std::string target = descriptor_path(layers[0].get());
  if (mount("orlop", target.c_str(), "overlay", flags, options.c_str()) != 0) return failed("mount", path);
  return {};
}

// For kernels without "lowerdir+" (before 6.8) or mount_setattr(2) (before 5.12): mount(2), with all options as one
// string. The mount must be attached, so a separate thread attaches it in a separate mount namespace, which ends with
// the thread. The descriptor keeps the view.
Failure view_by_mount(const std::vector<std::string>& paths, Marks marks, UniqueFd* view) {
  if (unshare(CLONE_FS | CLONE_NEWNS) != 0) return failed("unshare");
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failed("mount", "/");
  std::vector<UniqueFd> layers;  // opened on this thread: overlayfs takes only layers of the caller's mount namespace
  if (Failure failure = open_layers(paths, &layers); failure) return failure;
  constexpr unsigned long kFlags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  Failure failure = layers.size() == 1 ? bind_layer(layers[0].get(), paths[0], kFlags)
                                       : mount_overlay(layers, paths[0], marks, kFlags);
  if (failure) return failure;
  UniqueFd top(open(paths[0].c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top) return failed("open", paths[0]);
  return open_top(top.get(), view);
}

// Mounts detached, on newer kernels; ENOSYS if that may not be tried.
Failure detached_view(const std::vector<std::string>& paths, Marks marks, UniqueFd* view) {
  std::vector<UniqueFd> layers;
  if (Failure failure = open_layers(paths, &layers); failure) return failure;
  if (layers.size() > 1) {
    return may_use(init::kFeatureLowerdirAppend) ? overlay(layers, paths, marks, view)
                                                 : Failure{ENOSYS, "fsconfig", paths[0]};
  }
  const bool allowed = may_use(init::kFeatureMountApi) && may_use(init::kFeatureMountSetattr);
  return allowed ? clone_mount(layers[0].get(), "", paths[0], view) : Failure{ENOSYS, "open_tree", paths[0]};
}

std::string mounts_of(int pidfd) { return "/proc/" + std::to_string(pid_of(pidfd)) + "/ns/mnt"; }

}  // namespace

Failure open_process(pid_t pid, uint64_t start_time, UniqueFd* pidfd) {
  *pidfd = open_pidfd(pid);
  if (!*pidfd) return failed("pidfd_open");
  // Compared after pidfd_open: the pidfd refers to the process that had the PID then.
  return start_time_of(pid) == start_time ? Failure{} : Failure{ESRCH, "pidfd_open"};
}

// In the mount namespace of another process, the thread looks up `/` and nothing else: names there are the container's.
// The root of a namespace is also out of the reach of chroot(2), unlike /proc/PID/root.
Failure enter_and_open_root(int pidfd, int namespaces, UniqueFd* view) {
  const std::string path = mounts_of(pidfd);
  if (unshare(CLONE_FS) != 0) return failed("unshare");
  if (setns(pidfd, namespaces) != 0) return failed("setns", path);
  return clone_mount(AT_FDCWD, "/", path, view);
}

Failure open_root_of(pid_t pid, uint64_t start_time, UniqueFd* view) {
  UniqueFd pidfd;
  if (Failure failure = open_process(pid, start_time, &pidfd)) return failure;
  return on_own_thread("orlop-view", [&] { return enter_and_open_root(pidfd.get(), CLONE_NEWNS, view); });
}

Failure open_view(const std::vector<std::string>& layers, Marks marks, UniqueFd* view) {
  if (layers.empty()) return {EINVAL, "fsopen", "overlay"};
  for (const std::string& layer : layers) {
    if (layer.empty() || layer[0] != '/') return {EINVAL, "open", layer};
  }
  Failure failure = detached_view(layers, marks, view);
  if (failure.error != ENOSYS && failure.error != EINVAL) return failure;
  return on_own_thread("orlop-view", [&] { return view_by_mount(layers, marks, view); });
}

}  // namespace orlop::fs
