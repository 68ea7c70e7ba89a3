// What only another process can do for a child before its first operation.
#pragma once

#include <string>

#include "base/failure.h"

namespace orlop::launch {

// Writes /proc/PID/uid_map and gid_map of a child in a new user namespace (user_namespaces(7)). An empty map is not
// written. A caller without CAP_SETGID gives up setgroups(2) in the namespace, as the kernel demands.
Failure write_id_maps(int pidfd, const std::string& uid_map, const std::string& gid_map);

// Moves the child into the cgroup, by its cgroup.procs, where clone3 cannot place it.
Failure move_into_cgroup(int pidfd, int cgroup);

}  // namespace orlop::launch
