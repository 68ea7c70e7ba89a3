#include "opener/empty_namespace.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/place.h"
#include "fs/calls.h"

namespace orlop::opener {
namespace {

// The calling thread is in this one, and not in the host's mount namespace.
thread_local const EmptyNamespace* inside = nullptr;

constexpr char kOwnNamespace[] = "/proc/thread-self/ns/mnt";

Failure root_directory(Place* place) { return place_of(AT_FDCWD, "/", 0, place) ? Failure{} : failed("statx", "/"); }

Failure open_own_namespace(UniqueFd* fd) {
  fd->reset(open(kOwnNamespace, O_RDONLY | O_CLOEXEC));
  return *fd ? Failure{} : failed("open", kOwnNamespace);
}

Failure move_to(const UniqueFd& mount_namespace) {
  return setns(mount_namespace.get(), CLONE_NEWNS) == 0 ? Failure{} : failed("setns");
}

Failure make_tmpfs(UniqueFd* tmpfs) {
  const UniqueFd context(static_cast<int>(syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
  if (!context) return failed("fsopen", "tmpfs");
  const char* const options[][2] = {{"source", "orlop"}, {"mode", "0755"}, {"nr_inodes", "16"}, {"size", "16k"}};
  for (const auto& [key, value] : options) {
    if (syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_STRING, key, value, 0) != 0) return failed("fsconfig", key);
  }
  if (syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return failed("fsconfig");
  tmpfs->reset(static_cast<int>(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOEXEC)));
  return *tmpfs ? Failure{} : failed("fsmount");
}

// What a user namespace needs of the host. The kernel mounts a new proc or sysfs only where one is visible, and makes
// no device (user_namespaces(7)).
class Needed {
 public:
  Failure open_all() {
    for (Part& part : parts_) {
      const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (part.directory ? AT_RECURSIVE : 0u);
      part.mount.reset(static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, part.path, flags)));
      if (!part.mount) return failed("open_tree", part.path);
    }
    return {};
  }

  Failure make_places(int root) const {
    if (mkdirat(root, "dev", 0755) != 0) return failed("mkdirat", "/dev");
    for (const Part& part : parts_) {
      const char* const name = part.path + 1;
      const int made = part.directory ? mkdirat(root, name, 0755) : mknodat(root, name, S_IFREG | 0600, 0);
      if (made != 0) return failed(part.directory ? "mkdirat" : "mknodat", part.path);
    }
    return {};
  }

  Failure attach_all(int root) const {
    for (const Part& part : parts_) {
      if (syscall(SYS_move_mount, part.mount.get(), "", root, part.path + 1, MOVE_MOUNT_F_EMPTY_PATH) != 0) {
        return failed("move_mount", part.path);
      }
    }
    return {};
  }

 private:
  struct Part {
    const char* path;
    bool directory;
    UniqueFd mount;
  };
  Part parts_[3] = {{"/proc", true, {}}, {"/sys", true, {}}, {"/dev/null", false, {}}};
};

// Replaces the mounts of this namespace, a copy of the host's, by an empty directory.
Failure replace_root(bool confined) {
  if (mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0) return failed("mount", "/");
  UniqueFd tmpfs;
  if (Failure failure = make_tmpfs(&tmpfs)) return failure;
  if (mkdirat(tmpfs.get(), kEmptyMountPoint + 1, 0700) != 0) return failed("mkdirat", kEmptyMountPoint);
  Needed needed;
  if (confined) {
    if (Failure failure = needed.open_all()) return failure;
    if (Failure failure = needed.make_places(tmpfs.get())) return failure;
  }
  if (syscall(SYS_move_mount, tmpfs.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return failed("move_mount");
  if (confined) {
    if (Failure failure = needed.attach_all(tmpfs.get())) return failure;
  }
  if (fchdir(tmpfs.get()) != 0) return failed("fchdir");
  // With the same directory for both arguments, the old root is stacked on the new one.
  if (syscall(SYS_pivot_root, ".", ".") != 0) return failed("pivot_root");
  return umount2(".", MNT_DETACH) == 0 ? Failure{} : failed("umount2");
}

}  // namespace

EmptyNamespace& EmptyNamespace::instance(For children) {
  // Never destroyed: launcher threads run while the program exits.
  static auto* plain = new EmptyNamespace(For::kChildren);
  static auto* confined = new EmptyNamespace(For::kChildrenInUserNamespace);
  return children == For::kChildren ? *plain : *confined;
}

Failure EmptyNamespace::make() {
  const std::lock_guard lock(making_);
  if (made_.load()) return {};
  Failure failure = build();
  made_.store(!failure);
  return failure;
}

Failure EmptyNamespace::build() {
  Place before, after;
  if (Failure failure = root_directory(&before)) return failure;
  if (Failure failure = open_own_namespace(&host_)) return failure;
  if (unshare(CLONE_NEWNS) != 0) return failed("unshare");
  if (Failure failure = open_own_namespace(&empty_)) return failure;
  const bool confined = children_ == For::kChildrenInUserNamespace || !fs::in_initial_user_namespace();
  if (Failure failure = replace_root(confined)) return failure;
  if (Failure failure = move_to(host_)) return failure;
  if (Failure failure = root_directory(&after)) return failure;
  return before == after ? Failure{} : Failure{EXDEV, "setns", "/"};
}

Failure EmptyNamespace::enter() const {
  if (!made()) return {ENOENT, "setns", ""};
  Failure failure = move_to(empty_);
  if (!failure) inside = this;
  return failure;
}

Failure EmptyNamespace::leave() {
  if (inside == nullptr) return {};
  Failure failure = move_to(inside->host_);
  if (!failure) inside = nullptr;
  return failure;
}

Failure EmptyNamespace::expect() const {
  if (!made()) return {ENOENT, "setns", ""};
  inside = this;
  return {};
}

Failure unshare_file_system_view() {
  static thread_local bool own = false;
  if (own) return {};
  if (unshare(CLONE_FS) != 0) return failed("unshare");
  own = true;
  return {};
}

}  // namespace orlop::opener
