// What only another process can do for a child before its first operation.
#pragma once

#include <string>

#include "base/failure.h"

namespace orlop::launch {

struct IdMaps {
  std::string uid_map, gid_map;  // not written where empty
  bool gid_written = false;      // the kernel takes a map once: what was refused half-way goes on from there
};

// Writes /proc/PID/uid_map and gid_map of a child in a new user namespace (user_namespaces(7)). A caller without
// CAP_SETGID gives up setgroups(2) in the namespace, as the kernel demands.
Failure write_id_maps(int pidfd, IdMaps& maps);

// Moves the child into the cgroup, by its cgroup.procs, where clone3 cannot place it.
Failure move_into_cgroup(int pidfd, int cgroup);

}  // namespace orlop::launch
