// What an image looks like, without mounting it anywhere.
#pragma once

#include <string>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::fs {

// A detached, read-only union of layer directories, uppermost first: a directory descriptor for *at calls. The mount is
// in nobody's mount table and goes with the last descriptor. nosuid, nodev, noexec.
// A single layer is shown as it is, since overlayfs wants two: marks of overlayfs in it would be visible.
Failure open_view(const std::vector<std::string>& layers, UniqueFd* view);

}  // namespace orlop::fs
