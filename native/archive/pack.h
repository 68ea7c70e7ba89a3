// Packs the root directory as a tar (PAX). Equal trees give equal bytes.
#pragma once

#include "archive/output.h"

namespace orlop::archive {

// `layer`: the root is the upper directory of an overlay, whose whiteouts and opaque directories become `.wh.` names.
// Ends the process.
[[noreturn]] void pack(bool layer, Output& output);

}  // namespace orlop::archive
