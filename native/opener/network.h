// Prefetched network namespaces.
#pragma once

#include <cstdint>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::opener {

// Makes a network namespace and executes a plan in it that has only `loopback` and `sysctl` (otherwise EINVAL):
// together they take a third of a start. The calling thread stays in the namespace, so it must end afterwards.
Failure make_network(const std::vector<uint8_t>& plan, uint32_t features, UniqueFd* network);

}  // namespace orlop::opener
