// Looks at a path of the host.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/failure.h"

namespace orlop::fs {

struct Looked {
  std::string path;  // without symbolic links
  uint64_t device = 0, inode = 0;
  mode_t mode = 0;
  dev_t special = 0;        // device that a device file names
  int64_t file_system = 0;  // f_type of statfs(2); 0 if unknown
};

// Follows symbolic links. The path is walked once: all fields are of the same file.
Failure look_at(const std::string& path, Looked* looked);

}  // namespace orlop::fs
