// Starts orlop-launcher.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/failure.h"
#include "base/unique_fd.h"
#include "supervise/process.h"

namespace orlop::launcher {

// A pair of connected sockets; `theirs` is above the numbers of the descriptors that the program gets.
Failure socket_pair(UniqueFd* ours, UniqueFd* theirs);

// Starts the program with these arguments (native/launcher/main.cc). Its descriptors beside the standard streams are
// the other end of `socket`, and `given` if that is not negative.
Failure spawn(const std::string& executable, const std::vector<std::string>& arguments, int given, UniqueFd* socket,
              std::shared_ptr<supervise::Process>* process);

}  // namespace orlop::launcher
