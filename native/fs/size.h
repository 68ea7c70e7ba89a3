// Size of a directory tree.
#pragma once

#include <cstdint>

#include "base/failure.h"

namespace orlop::fs {

struct TreeSize {
  uint64_t bytes = 0;    // lengths of all files, a file with several names once
  uint64_t entries = 0;  // without the directory itself
};

// Leaves out other mounts, and entries that disappear meanwhile.
Failure tree_size(int directory, TreeSize* size);

}  // namespace orlop::fs
