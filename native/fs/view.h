// Views: an image's file system, without an attached mount.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "fs/xattrs.h"

namespace orlop::fs {

// Mounts a detached, read-only union of layer directories, uppermost first: a directory descriptor for *at calls. No
// mount table has the mount, and the last descriptor unmounts it. nosuid, nodev, noexec. A single layer is bound, since
// overlayfs needs two: marks of overlayfs in it would be visible. `marks` are those of the uppermost layer.
Failure open_view(const std::vector<std::string>& layers, Marks marks, UniqueFd* view);

// Opens the root file system of a running container, without the mounts on it: a directory descriptor for *at calls, of
// a mount with the attributes of a view. A second overlay with the same upper directory would be undefined behaviour
// (Documentation/filesystems/overlayfs.rst, "Sharing and copying layers"). ESRCH if the process with that start time is
// gone.
Failure open_root_of(pid_t pid, uint64_t start_time, UniqueFd* view);

// The parts of it. The second changes the namespaces of the calling thread, by flags of setns(2); a user namespace can
// only be entered by a process with one thread.
Failure open_process(pid_t pid, uint64_t start_time, UniqueFd* pidfd);
Failure enter_and_open_root(int pidfd, int namespaces, UniqueFd* view);

}  // namespace orlop::fs
