// The sources of the first slots of a plan: stdio of the application, and mounts or namespaces that the caller made.
#pragma once

#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::launch {

struct SlotSource {
  enum class Kind {
    kDescriptor,           // `fd`, 3 or above: `stdio` would overwrite a lower one
    kNothingToRead,        // /dev/null
    kNothingToWrite,       // /dev/null
    kPipeToApplication,    // the caller gets the write end
    kPipeFromApplication,  // the caller gets the read end
    kSameAsBefore,         // a duplicate of the source before it: output to both keeps its order
  };
  Kind kind = Kind::kDescriptor;
  UniqueFd fd;
};

// Opens the sources that are no descriptors. `pipes` gets the caller's ends, in the order of the sources.
Failure open_sources(std::vector<SlotSource>& sources, std::vector<UniqueFd>& pipes);

}  // namespace orlop::launch
