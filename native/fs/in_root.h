// Paths that come from an image, a container or a volume: resolved below a directory as if it were `/`.
#pragma once

#include <string>

#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::fs {

// Opens `path` below `root`: absolute links and `..` stay inside, magic links of procfs are refused (ELOOP). Flags as
// of open(2); O_CLOEXEC is added. Pass O_NONBLOCK or O_PATH if the path may lead to a FIFO or a device.
Failure open_in_root(int root, const std::string& path, int flags, unsigned mode, UniqueFd* opened);

}  // namespace orlop::fs
