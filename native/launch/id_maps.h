// Id maps and cgroup of a child: only another process can set them, before the child's first operation.
#pragma once

#include <string>

#include "base/failure.h"

namespace orlop::launch {

struct IdMaps {
  std::string uid_map, gid_map;  // empty: not written
  bool gid_written = false;      // the kernel takes a map once, so a repeated call continues behind it
};

// Writes /proc/PID/uid_map and gid_map of a child in a new user namespace (user_namespaces(7)). A caller without
// CAP_SETGID gives up setgroups(2) in the namespace, as the kernel demands.
Failure write_id_maps(int pidfd, IdMaps& maps);

// Moves the child into the cgroup by its cgroup.procs, if clone3 cannot place the child.
Failure move_into_cgroup(int pidfd, int cgroup);

}  // namespace orlop::launch
