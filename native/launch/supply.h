// What a start puts into the first slots of its plan: the descriptors that the application, or its preparation, gets.
#pragma once

#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::launch {

struct Supply {
  enum class Kind {
    kDescriptor,           // `fd`, none below 3: putting a standard stream in its place would overwrite another
    kNothingToRead,        // /dev/null
    kNothingToWrite,       // /dev/null
    kPipeToApplication,    // the caller gets the other end
    kPipeFromApplication,  // likewise
    kSameAsBefore,         // as the one before it, so that what is written to both keeps its order
  };
  Kind kind = Kind::kDescriptor;
  UniqueFd fd;
};

// Opens what is not a descriptor yet. The caller's ends of pipes come in the order of their supplies.
Failure open_supplies(std::vector<Supply>& supplies, std::vector<UniqueFd>& pipes);

}  // namespace orlop::launch
