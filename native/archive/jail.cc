#include "archive/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "archive/filter.h"
#include "archive/limits.h"
#include "archive/report.h"
#include "base/syscall_numbers.h"
#include "fs/directory_stack.h"

// Values of the kernel's ABI, for headers that lack them.
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x00000004
#endif

namespace orlop::archive {

namespace {

// struct mount_attr of linux/mount.h, which cannot be included beside sys/mount.h with every glibc.
struct MountAttributes {
  uint64_t set;
  uint64_t clear;
  uint64_t propagation;
  uint64_t userns_fd;
};

// A detached copy of the directory's mount, with the attributes that forbid what an archive does not need. -1 where the
// kernel or an outer filter refuses it (before 6.15 also for a directory on a detached mount).
int clone_mount(bool readonly) {
  long tree = syscall(SYS_open_tree, kDirectoryFd, "", OPEN_TREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH);
  if (tree < 0) return -1;
  MountAttributes attributes{};
  // A copy of a shared mount is a peer: later mounts of the host would propagate to it.
  attributes.propagation = MS_PRIVATE;
  attributes.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | (readonly ? MOUNT_ATTR_RDONLY : 0);
  if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    close(static_cast<int>(tree));
    return -1;
  }
  return static_cast<int>(tree);
}

// The old root is unmounted, so that no file of the host can be reached, even with CAP_SYS_CHROOT.
bool pivot_onto(int tree) {
  if (syscall(SYS_move_mount, tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0) return false;
  if (fchdir(tree) != 0) return false;
  if (syscall(SYS_pivot_root, ".", ".") != 0) return false;
  if (umount2(".", MNT_DETACH) != 0) fail("umount2", errno);
  return true;
}

}  // namespace

void enter_root(bool readonly) {
  int tree = clone_mount(readonly);
  if (unshare(CLONE_NEWNS) != 0) fail("unshare", errno);
  // Otherwise the mounts below would propagate to the host.
  if (mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) fail("mount", errno);
  if (tree < 0 || !pivot_onto(tree)) {
    if (fchdir(tree < 0 ? kDirectoryFd : tree) != 0) fail("fchdir", errno);
    if (chroot(".") != 0) fail("chroot", errno);
  }
  if (chdir("/") != 0) fail("chdir", errno);
  if (tree >= 0) close(tree);
  int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) fail("open", errno);
  if (dup2(root, kDirectoryFd) < 0) fail("dup2", errno);
  close(root);
}

void drop_capabilities(uint64_t set) {
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++) {
    if (set >> capability & 1) continue;
    if (prctl(PR_CAPBSET_DROP, capability) != 0) fail("prctl", errno);
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  data[0].effective = data[0].permitted = static_cast<uint32_t>(set);
  data[1].effective = data[1].permitted = static_cast<uint32_t>(set >> 32);
  if (syscall(SYS_capset, &header, data) != 0) fail("capset", errno);
}

void lock_down(Role role) {
  struct Limit {
    decltype(RLIMIT_AS) resource;  // glibc's is an enumeration, musl's an int
    rlim_t value;
  };
  // Packing has one open descriptor for each level of the tree, the removal of a directory for the last ones.
  const rlim_t levels = role == Role::kPack ? kMaxDepth : fs::DirectoryStack::kOpen;
  const Limit limits[] = {{RLIMIT_AS, kAddressSpace}, {RLIMIT_CORE, 0}, {RLIMIT_NOFILE, levels + 64}};
  for (const Limit& limit : limits) {
    rlimit now;
    if (getrlimit(limit.resource, &now) != 0) fail("getrlimit", errno);
    rlimit value{std::min(limit.value, now.rlim_max), std::min(limit.value, now.rlim_max)};
    if (setrlimit(limit.resource, &value) != 0) fail("setrlimit", errno);
  }
  if (prctl(PR_SET_DUMPABLE, 0) != 0) fail("prctl", errno);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail("prctl", errno);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("prctl", errno);
  install_filter(role);
}

void close_from(int first) {
  if (syscall(__NR_close_range, first, ~0u, 0) == 0) return;
  for (int fd = first; fd < 4096; fd++) close(fd);
}

void close_all_but(int fd) {
  for (int other = 0; other < fd; other++) close(other);
  close_from(fd + 1);
}

}  // namespace orlop::archive
