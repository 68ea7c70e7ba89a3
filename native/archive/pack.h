// Packs the root directory as a tar (PAX). Equal trees give equal bytes.
#pragma once

#include "archive/output.h"
#include "archive/owners.h"

namespace orlop::archive {

// `layer`: the root is the upper directory of an overlay, whose whiteouts and opaque directories become `.wh.` names.
// Ends the process. `owners`: of the layers that the root is of, or lies upon.
[[noreturn]] void pack(bool layer, Output& output, const OwnerIndex& owners);

}  // namespace orlop::archive
