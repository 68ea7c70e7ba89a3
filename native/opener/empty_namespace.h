// An empty mount namespace, for starts with an opener.
#pragma once

#include <atomic>
#include <mutex>

#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::opener {

// One tmpfs with one directory, kEmptyMountPoint; for children in a user namespace, the host's /proc, /sys and
// /dev/null too: the kernel mounts a new procfs or sysfs there only where one is visible, and makes no device. A child
// that is cloned in this namespace gets a copy of one mount. Otherwise the kernel copies the host's mount table and
// throws it away: with 5,000 mounts, 8 ms a start. The namespace keeps no mount of the host busy.
//
// No process stays in it: a launcher thread enters for the clone, and leaves.
class EmptyNamespace {
 public:
  enum class For { kChildren, kChildrenInUserNamespace };
  static EmptyNamespace& instance(For children = For::kChildren);

  // Makes the namespace, once, on a thread that ends afterwards. Fails without privilege, and if the program's root
  // directory is not the root of its mount namespace: setns(2) would move a returning thread to another root.
  Failure make();

  bool made() const { return made_.load(); }

  // The calling thread must have its own file-system view (`unshare_file_system_view`).
  Failure enter() const;
  // Returns from the namespace that the calling thread is in; no effect outside.
  static Failure leave();
  // Announces that the calling thread enters another mount namespace by itself, so that `leave` returns from there.
  // Fails without the empty namespace, which holds the descriptor of the host's.
  Failure expect() const;

 private:
  explicit EmptyNamespace(For children) : children_(children) {}
  Failure build();

  const For children_;

  std::mutex making_;
  std::atomic<bool> made_ = false;
  UniqueFd host_, empty_;
};

// Mount point of a container's root filesystem in the empty namespace, until the change of the root.
inline constexpr char kEmptyMountPoint[] = "/rootfs";

// Gives the calling thread a root, a working directory and a umask of its own (unshare(2), CLONE_FS), once.
Failure unshare_file_system_view();

}  // namespace orlop::opener
