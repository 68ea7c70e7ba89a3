// Writes the tree that is the root by now as a tar (PAX), the same tree always as the same bytes.
#pragma once

#include "archive/output.h"

namespace orlop::archive {

// `layer`: the tree is the upper directory of an overlay, whose whiteouts and opaque directories become `.wh.` names.
// Ends the process.
[[noreturn]] void pack(bool layer, Output& output);

}  // namespace orlop::archive
