// Operations that fill a new mount: devices, directories, links and small files, each by its name in the mount's root.
// No other process sees the mount yet, so a name cannot change between two calls.
#include "init/mounts.h"
#include "init/ops.h"
#include "init/resolve.h"
#include "init/text.h"

namespace orlop::init {
namespace {

// Descriptor of the mount, after a check that the name is one component.
int mount_for(Context& context, uint32_t slot, const char* name) {
  if (name == nullptr || same_text(name, ".") || same_text(name, "..")) return context.refuse(EINVAL);
  for (const char* letter = name; *letter != 0; letter++) {
    if (*letter == '/') return context.refuse(EINVAL);
  }
  const int mount = context.slot(slot);
  return mount < 0 ? context.refuse(-mount) : mount;
}

int write_all(Context& context, int file, plan::Blob content) {
  uint32_t done = 0;
  while (done < content.size) {
    const long written = context.call(__NR_write, file, content.data + done, content.size - done);
    if (written < 0 && written != -EINTR) return static_cast<int>(written);
    if (written > 0) done += static_cast<uint32_t>(written);
  }
  return 0;
}

// In a user namespace no device can be made (mknod(2)), so that of the host is attached on a file.
int bind_device(Context& context, int mount, const plan::op::Device& op) {
  Text<64> path;
  path.add("/dev/").add(op.name);
  if (path.full()) return context.refuse(ENAMETOOLONG);
  const int device = clone_mount(context, {kAtCwd, path.get(), kAtSymlinkNofollow}, false, 0);
  if (device < 0) return device;
  struct statx facts;
  int error = stat_fd(context, device, &facts);
  const bool same = facts.stx_rdev_major == op.major && facts.stx_rdev_minor == op.minor;
  if (error == 0 && ((facts.stx_mode & S_IFMT) != S_IFCHR || !same)) error = context.refuse(ENODEV);
  if (error == 0) error = static_cast<int>(context.call(__NR_mknodat, mount, op.name, S_IFREG | 0600, 0));
  int target = -1;
  if (error == 0) target = static_cast<int>(context.call(__NR_openat, mount, op.name, kPath | O_NOFOLLOW, 0));
  if (target < 0 && error == 0) error = target;
  if (error == 0) error = move_onto(context, device, target);
  close_fd(target);
  close_fd(device);
  return error;
}

}  // namespace

int execute(Context& context, const plan::op::Device& op) {
  const int mount = mount_for(context, op.mount, op.name);
  if (mount < 0) return mount;
  const uint32_t type = (op.mode & S_IFMT) == S_IFBLK ? S_IFBLK : S_IFCHR;
  // The kernel's own 32-bit form of a device number.
  const uint32_t device = (op.minor & 0xff) | op.major << 8 | (op.minor & ~0xffu) << 12;
  const long error = context.call(__NR_mknodat, mount, op.name, type | (op.mode & 07777), device);
  if (error == -EPERM) return bind_device(context, mount, op);
  if (error != 0 || (op.uid == 0 && op.gid == 0)) return static_cast<int>(error);
  return static_cast<int>(context.call(__NR_fchownat, mount, op.name, op.uid, op.gid, kAtSymlinkNofollow));
}

int execute(Context& context, const plan::op::Directory& op) {
  const int mount = mount_for(context, op.mount, op.name);
  if (mount < 0) return mount;
  long error = context.call(__NR_mkdirat, mount, op.name, op.mode & 07777);
  if (error == 0 && (op.uid != 0 || op.gid != 0)) {
    error = context.call(__NR_fchownat, mount, op.name, op.uid, op.gid, kAtSymlinkNofollow);
  }
  // mkdir drops set-id bits, and takes the sticky bit only.
  if (error == 0 && (op.mode & 06000) != 0) error = context.call(__NR_fchmodat, mount, op.name, op.mode & 07777);
  if (error != 0 || op.directory == plan::kNoSlot) return static_cast<int>(error);
  constexpr int kFlags = kPath | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  return context.fill(op.directory, static_cast<int>(context.call(__NR_openat, mount, op.name, kFlags, 0)));
}

int execute(Context& context, const plan::op::Symlink& op) {
  const int mount = mount_for(context, op.mount, op.name);
  if (mount < 0) return mount;
  if (op.content == nullptr) return context.refuse(EINVAL);
  return static_cast<int>(context.call(__NR_symlinkat, op.content, mount, op.name));
}

int execute(Context& context, const plan::op::File& op) {
  const int mount = mount_for(context, op.mount, op.name);
  if (mount < 0) return mount;
  constexpr int kFlags = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
  const auto file = static_cast<int>(context.call(__NR_openat, mount, op.name, kFlags, op.mode & 07777));
  if (file < 0) return file;
  int error = write_all(context, file, op.content);
  // After the content: a write takes the set-id bits away.
  const bool special = (op.mode & 07000) != 0;
  if (error == 0 && special) error = static_cast<int>(context.call(__NR_fchmod, file, op.mode & 07777));
  close_fd(file);
  if (error != 0 || op.file == plan::kNoSlot) return error;
  return context.fill(op.file, clone_mount(context, {mount, op.name, kAtSymlinkNofollow}, false, 0));
}

}  // namespace orlop::init
