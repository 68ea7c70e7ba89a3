// A copy of an executable that nobody can change.
#pragma once

#include <string>

#include "base/failure.h"

namespace orlop::enter {

// Gives a descriptor that stays open. The copy is made once for each path of the program. Any thread.
//
// A process of a container that has the right to trace others can open /proc/PID/exe of a process which enters. That
// leads to the executable of this process: were it a file of the host, the container could write to it (CVE-2019-5736).
Failure sealed_program(const std::string& path, int* program);

}  // namespace orlop::enter
