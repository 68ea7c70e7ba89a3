// Placement of subdirectories on the disk.
#pragma once

namespace orlop::fs {

// Marks a directory so that ext4 places each subdirectory in a part of the disk with few directories (chattr +T). False
// on other file systems.
bool spread_subdirectories(int directory);

}  // namespace orlop::fs
