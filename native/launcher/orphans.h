// Children of the caller that nothing else in it knows: an answer of orlop-launcher was lost.
#pragma once

#include <sys/types.h>

#include <vector>

namespace orlop::launcher {

// Kills and reaps a child of this program.
void end_child(pid_t pid);

// Ends the children in a user namespace but the known ones: the launcher may have ended between a clone and its answer.
void end_children_in(int user_namespace, const std::vector<pid_t>& known);

}  // namespace orlop::launcher
