// Detached mounts that a thread of the program makes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/failure.h"
#include "opener/host_executor.h"

namespace orlop::opener {

// Executes the records of `prepare` of a plan with an opener, in the host's mount namespace. After a `join`, the mounts
// are attached in the mount namespace of a container, and the result has no slots. `supplied` fills the first slots.
// The calling thread gets its own file-system view. The result is a failure of that, or of the return to the host's
// namespace.
Failure open_mounts(const std::vector<uint8_t>& plan, uint32_t features, HostExecution* opened,
                    const std::vector<int>& supplied = {});

// Looks up paths in a mount, so that the kernel has them cached at the start: overlayfs asks each layer for a name the
// first time. Missing paths are ignored. Each path ends with a NUL.
void look_up(int mount, const std::string& paths);
// Looks up paths in the union that this plan made, if it has one.
void look_up_in_union(const std::vector<uint8_t>& plan, const std::vector<UniqueFd>& slots, const std::string& paths);

}  // namespace orlop::opener
