// Reads `descriptors` of a launch, or of an order.
#pragma once

#include <napi.h>

#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "launch/slot_source.h"

namespace orlop::addon {

// Duplicates a descriptor of the caller above the standard streams: `stdio` would overwrite a lower number.
Failure duplicate(const Napi::Value& number, UniqueFd& out);

// Reads a list of descriptors, which are duplicated, and of `stdioSource` of ts/native/contract.ts.
Failure read_sources(const Napi::Array& list, std::vector<launch::SlotSource>& sources);

// For each pipe that these sources make, in their order: true if the application writes to it.
std::vector<bool> outputs_of(const std::vector<launch::SlotSource>& sources);

}  // namespace orlop::addon
