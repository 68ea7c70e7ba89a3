#pragma once
#include <cstdint>

namespace orlop {

// A mount and an inode: identity of the file at a path or descriptor.
struct Place {
  uint64_t mount;  // 0: unknown (kernels before 5.8)
  uint64_t inode;
  uint32_t major, minor;
  bool operator==(const Place&) const = default;
};

// Reads the place by statx(2), with its flags; false and errno on failure.
bool place_of(int directory, const char* path, int flags, Place* place);

}  // namespace orlop
