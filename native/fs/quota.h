// Quotas of projects: a file system bounds what lies in a directory, quotactl(2), ioctl_xfs_fssetxattr(2).
#pragma once

#include <cstdint>
#include <string>

#include "base/failure.h"

namespace orlop::fs {

// Fails unless the file system of the directory holds quotas of projects, and the caller may set them. EXDEV: the
// directory is in a project already, whose bounds are somebody else's.
Failure require_project_quota(const std::string& path);

// Gives a read-write layer bounds. The first time, it becomes a project of its own: nothing was written to it before.
// EXDEV as above.
Failure limit_layer(const std::string& path, uint64_t bytes, uint64_t inodes);

// Takes the bounds of a read-write layer away, because another one may get its number later. Ignores a missing layer,
// and one without a project of its own.
Failure unlimit_layer(const std::string& path);

}  // namespace orlop::fs
