// Where on the disk subdirectories lie.
#pragma once

namespace orlop::fs {

// Tells ext4 that the subdirectories of a directory have nothing to do with each other (chattr +T): each begins in a
// part of the disk that holds few directories, instead of beside the others. False where the file system knows of no
// such thing.
bool spread_subdirectories(int directory);

}  // namespace orlop::fs
