// Children of the caller that nothing else in it knows: an answer of orlop-launcher was lost.
#pragma once

#include <sys/types.h>

#include <vector>

namespace orlop::launcher {

// Kills and reaps a child of this program.
void end_child(pid_t pid);

// Ends the children of an ended launcher but the known ones: it may have ended between a clone and its answer. They are
// in its session until they make one of their own, and in its user namespace, if it has one (-1: it has none).
void end_children_of(pid_t launcher, int user_namespace, const std::vector<pid_t>& known);

}  // namespace orlop::launcher
