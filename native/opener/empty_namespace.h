// A mount namespace with nothing in it, for starts whose trees were opened before.
#pragma once

#include <atomic>
#include <mutex>

#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::launch {

// One tmpfs with one directory, kEmptyMountPoint. What is cloned in here gets a copy of that instead of the host's
// mount table, which the kernel would have to copy and to throw away again: with 5,000 mounts, 8 ms a start. The host's
// mounts are not in it, so it keeps none of them busy.
//
// Nobody lives in it: a launcher thread enters for the moment of a clone, and leaves.
class EmptyNamespace {
 public:
  static EmptyNamespace& instance();

  // Makes it, on a thread that ends afterwards, once. Fails where the program may not, and where its root directory is
  // not that of its mount namespace: a thread that leaves could not come back to it.
  Failure make();

  bool made() const { return made_.load(); }

  // Both for a thread whose file-system view is its own (`own_view`). A thread that is outside leaves at once.
  Failure enter() const;
  Failure leave() const;
  // The calling thread, which is outside, is about to enter another mount namespace by itself: `leave` leads back from
  // there too. Fails where it could not.
  Failure expect() const;

 private:
  Failure build();

  std::mutex making_;
  std::atomic<bool> made_ = false;
  UniqueFd host_, empty_;
};

// Where the root filesystem of a container is put in there before its root is changed.
inline constexpr char kEmptyMountPoint[] = "/rootfs";

// Gives the calling thread a root, a working directory and a umask of its own (unshare(2), CLONE_FS), once.
Failure own_view();

}  // namespace orlop::launch
