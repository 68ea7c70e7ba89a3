// A network namespace that is made before anybody needs it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"

namespace orlop::launch {

// Makes a network namespace and executes a plan in it that has nothing but `loopback` and `sysctl` (EINVAL otherwise):
// together they are a third of a start. On a thread that ends afterwards, for it stays in there.
Failure make_network(const std::vector<uint8_t>& plan, uint32_t features, UniqueFd* network);

}  // namespace orlop::launch
