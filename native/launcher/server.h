// Serves a caller's threads: each call is a method of site::here().
#pragma once

#include "base/unique_fd.h"

namespace orlop::launcher {

// Reads orders until the caller closes the socket. `caller` is a pidfd of the caller, whose children the applications
// are.
void serve(int control, int caller);

}  // namespace orlop::launcher
