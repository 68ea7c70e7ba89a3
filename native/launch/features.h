// Features of this kernel, found by calls.
#pragma once

#include <cstdint>

namespace orlop::launch {

// Bits of init::Feature. Probed once; later calls return the same.
uint32_t features();

}  // namespace orlop::launch
