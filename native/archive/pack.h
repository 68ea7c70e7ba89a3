// Packs the root directory as a tar (PAX). Equal trees give equal bytes.
#pragma once

#include "archive/output.h"
#include "archive/owners.h"

namespace orlop::archive {

// `opaque`: the root is the upper directory of an overlay, whose opaque directories have this mark; they and the
// whiteouts become `.wh.` names. Null: it is a tree. Ends the process. `owners`: of the layers that the root is of, or
// lies upon.
[[noreturn]] void pack(const char* opaque, Output& output, const OwnerIndex& owners);

}  // namespace orlop::archive
