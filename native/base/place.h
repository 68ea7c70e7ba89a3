#pragma once
#include <cstdint>

namespace orlop {

// A mount and an inode in it: what a path or descriptor stands for.
struct Place {
  uint64_t mount;  // 0 where the kernel (before 5.8) does not tell
  uint64_t inode;
  uint32_t major, minor;
  bool operator==(const Place&) const = default;
};

// By statx(2), with its flags; false and errno when that fails.
bool place_of(int directory, const char* path, int flags, Place* place);

}  // namespace orlop
