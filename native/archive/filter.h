// The system-call filter.
#pragma once

#include "archive/jail.h"

namespace orlop::archive {

// Loads the filter for a role. A call that is not listed ends the process.
void install_filter(Role role);

}  // namespace orlop::archive
