// A user namespace without a process: a range of IDs, by which mounts show their owners.
#pragma once

#include "base/failure.h"
#include "base/unique_fd.h"
#include "launch/id_maps.h"

namespace orlop::launch {

// Makes a user namespace with these maps (user_namespaces(7)). The descriptor keeps it.
Failure make_user_namespace(IdMaps maps, UniqueFd* user_namespace);

}  // namespace orlop::launch
