// Views: an image's file system, without an attached mount.
#pragma once

#include <string>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::fs {

// Mounts a detached, read-only union of layer directories, uppermost first: a directory descriptor for *at calls. No
// mount table has the mount, and the last descriptor unmounts it. nosuid, nodev, noexec. A single layer is bound, since
// overlayfs needs two: marks of overlayfs in it would be visible.
Failure open_view(const std::vector<std::string>& layers, UniqueFd* view);

}  // namespace orlop::fs
