// Packs the root directory as a tar (PAX). Equal trees give equal bytes.
#pragma once

#include "archive/output.h"

namespace orlop::archive {

// `opaque`: the root is the upper directory of an overlay, whose opaque directories have this mark; they and the
// whiteouts become `.wh.` names. Null: it is a tree. Ends the process.
[[noreturn]] void pack(const char* opaque, Output& output);

}  // namespace orlop::archive
