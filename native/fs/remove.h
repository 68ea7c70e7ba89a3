// Removal of a tree that others may still be changing.
#pragma once

#include <string>

#include "base/failure.h"

namespace orlop::fs {

// Removes `name` in `directory` and all below it. No link is followed and no other mount entered (EXDEV, EBUSY), so
// that whatever is renamed or put in the way meanwhile, only what lies in the tree is removed. A missing `name` is
// fine.
Failure remove_tree(int directory, const std::string& name);

}  // namespace orlop::fs
