// Changes of directories that are ours alone, as a list: what a start and an end do to the store, in one call.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/failure.h"

namespace orlop::fs {

struct Change {
  enum class Kind {
    kLock,             // flock(2) on the file, exclusive, until the list has ended; EWOULDBLOCK when another holds it
    kShare,            // the same, shared
    kSame,             // ESTALE when the file is not the one that the text tells of, see `identity_of`
    kAbsent,           // EEXIST when there is something at the path
    kMakeDirectory,    // mkdir(2) with the mode, whatever the umask
    kLayer,            // a read-write layer: a directory with `diff` (0755), `work` and the mount point `mnt` in it
    kAttributes,       // chown(2) to the user and group, and then chmod(2) to the mode
    kSync,             // fsync(2) of a file or a directory
    kWrite,            // a file with that content: a new one, or in the place of the old one
    kRename,           // rename(2) to the other path
    kDiscard,          // the same; fine when there is nothing
    kUnlink,           // unlink(2); fine when there is nothing
    kRemoveDirectory,  // rmdir(2), so an empty one; fine when there is nothing
    kRemoveTree,       // with all below it, see remove.h; fine when there is nothing
  };
  Kind kind{};
  std::string path;
  std::string text;  // content, or the other path
  uint32_t mode = 0, uid = 0, gid = 0;
};

using Changes = std::vector<Change>;

// Device, inode, length, and nanoseconds of its last change: of a file that is replaced, never written in place, they
// tell whether it is still the one that was read.
std::string identity_of(const struct stat& file);

// Makes the changes in their order, and none after one that fails.
Failure apply(const Changes& changes);

// A file with that content in place of the one at the path, complete or not at all; `durable`: it has reached the disk
// then. The temporary file beside it is `PATH.tmp`: the caller is the only one that writes there.
Failure replace_file(const std::string& path, const std::string& content, uint32_t mode, bool durable);

}  // namespace orlop::fs
