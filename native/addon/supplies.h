// What JavaScript supplies a start with: `descriptors` of a launch, or of a request to a pool.
#pragma once

#include <napi.h>

#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "launch/supply.h"

namespace orlop::addon {

// A descriptor of the caller's, duplicated above the numbers of stdin, stdout and stderr: putting one of those in place
// would overwrite it.
Failure duplicate(const Napi::Value& number, UniqueFd& out);

// Descriptors of the caller's, which are duplicated, or what is to be opened in their place: `supply` in
// ts/native/contract.ts.
Failure read_supplies(const Napi::Array& list, std::vector<launch::Supply>& supplies);

// Of the pipes that will be made for these, in their order: whether the application writes to it.
std::vector<bool> outputs_of(const std::vector<launch::Supply>& supplies);

}  // namespace orlop::addon
