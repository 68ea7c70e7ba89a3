// Removal of a directory tree that other processes may change.
#pragma once

#include <string>

#include "base/failure.h"

namespace orlop::fs {

// Removes `name` in `directory` and all below it. No link is followed, and no other mount is entered (EXDEV, EBUSY): in
// spite of concurrent renames, only entries of the tree are removed. Ignores a missing `name`.
Failure remove_tree(int directory, const std::string& name);

}  // namespace orlop::fs
