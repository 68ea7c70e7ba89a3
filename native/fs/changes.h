// Batches of changes to directories that only orlop writes: a start or an exit changes the store by one call.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/failure.h"

namespace orlop::fs {

struct Change {
  enum class Kind {
    kLock,    // exclusive flock(2) on the file until the batch has ended; EWOULDBLOCK if another process holds it
    kShare,   // shared flock(2), otherwise as kLock; EWOULDBLOCK also if a process waits for it exclusively
    kSame,    // ESTALE if the file has another identity than `text`, see `identity_of`
    kAbsent,  // EEXIST if there is a file at the path
    kMakeDirectory,    // mkdir(2) with the mode, whatever the umask
    kLayer,            // a read-write layer: a directory with `diff` (0755), `work` and the mount point `mnt` in it
    kQuota,            // fails unless the file system of the directory holds quotas of projects, see quota.h
    kLimit,            // bounds what is written to a read-write layer by a quota; `text`: bytes, space, inodes
    kUnlimit,          // takes the bounds of a read-write layer away; ignores a missing one
    kDevices,          // attaches the program `text` to a cgroup, see device_filter.h; mode 1: only loads it
    kAttributes,       // chown(2) to the user and group, and then chmod(2) to the mode
    kSync,             // fsync(2) of a file or a directory
    kWrite,            // makes or truncates the file, and writes `text`
    kRename,           // rename(2) to the other path
    kDiscard,          // as kRename; ignores a missing file
    kUnlink,           // unlink(2); ignores a missing file
    kRemoveDirectory,  // rmdir(2); ignores a missing directory
    kRemoveTree,       // removes a directory tree, see remove.h; ignores a missing one
  };
  Kind kind{};
  std::string path;
  std::string text;  // content, or the other path
  uint32_t mode = 0, uid = 0, gid = 0;
};

using Changes = std::vector<Change>;

// Identity of a file: device, inode, length, and times of the last write and the last change, in nanoseconds. An equal
// identity means the same content. A program can set the time of the last write back, the time of the last change not.
std::string identity_of(const struct stat& file);

// Applies the changes in order. Stops at the first that fails.
Failure apply(const Changes& changes);

// Replaces the file at the path, completely or not at all. `durable`: it is on the disk when the call returns. The
// temporary file is `PATH.tmp`, which only the caller writes.
Failure replace_file(const std::string& path, const std::string& content, uint32_t mode, bool durable);

}  // namespace orlop::fs
