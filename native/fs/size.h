// What a tree holds.
#pragma once

#include <cstdint>

#include "base/failure.h"

namespace orlop::fs {

struct TreeSize {
  uint64_t bytes = 0;    // lengths of all that is no directory, a file with several names once
  uint64_t entries = 0;  // without the directory itself
};

// A directory that is another mount is left out; what disappears meanwhile is not counted.
Failure tree_size(int directory, TreeSize* size);

}  // namespace orlop::fs
